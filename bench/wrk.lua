-- Requests to one route, for wrk. Arguments: the route, a prefix that makes the names of new items and
-- idempotency keys unique, a header that authenticates or "", and a file with the ids of existing items.

local headers = { ["Content-Type"] = "application/json" }
local route, prefix, sent, ids = nil, nil, 0, {}

function init(arguments)
  route, prefix = arguments[1], arguments[2]
  local name, value = arguments[3]:match("^(%S+): (.+)$")
  if name then headers[name] = value end
  for id in io.lines(arguments[4]) do ids[#ids + 1] = id end
end

function request()
  sent = sent + 1
  if route:find("^POST /items") then
    if route ~= "POST /items" then headers["Idempotency-Key"] = prefix .. sent end
    return wrk.format("POST", "/items", headers, '{"name": "' .. prefix .. sent .. '"}')
  elseif route == "GET /items/{id}" then
    -- The factor is a prime, so that consecutive requests read ids that are far apart.
    return wrk.format("GET", "/items/" .. ids[sent * 7919 % #ids + 1], headers)
  end
  return wrk.format("GET", route:sub(5), headers)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.3f, "p50": %.2f, "p99": %.2f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
