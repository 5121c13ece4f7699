-- A script for wrk. One of ten requests creates an item, the others read an item or a page of items.
-- Arguments: the id of an item, and the value of the Authorization header or "".

local headers = { ["Content-Type"] = "application/json" }
local prefix, created, sent = tostring({}):gsub("%W", "") .. os.time(), 0, 0
local one

function init(arguments)
  one = "/items/" .. arguments[1]
  if arguments[2] ~= "" then headers["Authorization"] = arguments[2] end
end

function request()
  sent = sent + 1
  if sent % 10 == 0 then
    created = created + 1
    return wrk.format("POST", "/items", headers, '{"name": "' .. prefix .. created .. '"}')
  end
  return wrk.format("GET", sent % 2 == 0 and one or "/items?limit=20", headers)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.3f, "p50": %.1f, "p99": %.1f, "not connected": %d, '
      .. '"not read": %d, "not written": %d, "timed out": %d, "refused": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, errors.connect, errors.read, errors.write, errors.timeout,
    errors.status))
end
