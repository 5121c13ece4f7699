"""Payloads of malicious requests: texts, values, ids, bodies and headers that may be invalid."""

import json

CANARY = "kanarienvogel"
"""It is part of what is sent, and must not be part of a refusal."""

SECRET = "passwortvogel"
"""It takes the canary's place in passwords, with the same length, and must not be in any response."""

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
LIMIT = 1_000_000  # bytes, the default of MAX_BODY_SIZE

# Texts for a field. The canary is put before each, except the empty one.
# UNSTORABLE texts have to be refused by every field.
UNSTORABLE = {"NUL", "lone surrogate", "surrogates in the wrong order", "100,000 characters"}
TEXTS = {
    "empty": "",
    "space": " ",
    "NUL": "a\0b",
    "lone surrogate": "\ud800",
    "surrogates in the wrong order": "\udfff\ud800",
    "100,000 characters": "x" * 100_000,
    "201 emoji": "💡" * 201,
    "bidi": "\u202e\u2066abc",
    "zero width": "\u200b\u200d\ufeff\u00ad",
    "not normalized": "A\u030a\u1e9b\u0323",
    "control characters": "\x01\x1b[31m\x7f\x85",
    "lines": "\r\nSet-Cookie: a=b\r\n\r\n\u2028",
    "noncharacters": "\uffff\U0010ffff",
    "Arabic digits": "\u0661\u0662",
    "SQL": "' OR 1=1; DROP TABLE items; --",
    "SQL, escaped": "\\'; SELECT pg_sleep(9) /*",
    "format strings": "%s%n{0.__class__}${jndi:ldap://x}{{7*7}}$(id)<script>",
    "percent-encoded": "%00%ed%a0%80&#0;\\u0000",
    "encoded word": "=?utf-8?q?=00?=",
}

# JSON literals of other types, and literals that are no JSON.
LITERALS = {
    "null": "null",
    "true": "true",
    "zero": "0",
    "minus one": "-1",
    "1.5": "1.5",
    "2^31": str(2**31),
    "2^63": str(2**63),
    "2^200": str(2**200),
    "5,000 digits": "9" * 5_000,
    "1e999": "1e999",
    "NaN": "NaN",
    "-Infinity": "-Infinity",
    "a list": f'["{CANARY}"]',
    "an object": f'{{"{CANARY}": "{CANARY}"}}',
    "not JSON": f"{CANARY}",
    "an open string": f'"{CANARY}',
    "a bad escape": f'"{CANARY}\\x00"',
}

# Values of a form, already encoded.
FORM_VALUES = {
    "NUL": f"{CANARY}%00",
    "lone surrogate": f"{CANARY}%ed%a0%80",
    "not UTF-8": f"{CANARY}%ff%fe",
    "a broken escape": f"{CANARY}%zz%",
    "raw bytes": f"{CANARY}\udcff",  # b"\xff"
    "raw NUL": f"{CANARY}\0",
    "semicolons": f"{CANARY};a=b;",
}

# Values in place of an id or a number, encoded for a URL. POSSIBLE ones may be accepted.
POSSIBLE = {"2^31", "2^63 - 1", "1_0", "+1", "a space", "a line", "lowest UUID", "highest UUID"}
POSSIBLE |= {"UUID in braces", "UUID as URN"}
IDS = {
    "0": "0",
    "-1": "-1",
    "2^31": str(2**31),
    "2^63 - 1": str(2**63 - 1),
    "2^63": str(2**63),
    "2^200": str(2**200),
    "5,000 digits": "9" * 5_000,
    "1.5": "1.5",
    "1e3": "1e3",
    "0x1": "0x1",
    "1_0": "1_0",
    "+1": "+1",
    "a space": "%201",
    "a line": "1%0a",
    "Arabic digits": "%D9%A1",
    "full width": "%EF%BC%91",
    "NUL": "1%00",
    "lone surrogate": "%ed%a0%80",
    "not UTF-8": "%ff",
    "a broken escape": "%zz",
    "null": "null",
    "SQL": "1%20OR%201=1--",
    "SQL, quoted": "1%27;DROP%20TABLE%20items;--",
    "lowest UUID": "0" * 32,
    "highest UUID": "f" * 32,
    "UUID in braces": "%7b" + "f" * 32 + "%7d",
    "UUID as URN": "urn:uuid:" + "f" * 32,
    "33 digits": "f" * 33,
    "100,000 characters": "x" * 100_000,
}

# Values in place of an id in a path. They may match another route, but must not be accepted.
PATH_TRAVERSALS = {
    "empty": "",
    "encoded slash": "..%2f",
    "encoded dots": "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "encoded twice": "%252e%252e%252f",
    "dots": "../..",
    "backslash": "..%5c..%5c",
    "parameter": ";a=b",
    "slashes": "//",
    "scheme": "http://example.com/",
    "raw bytes": "\udcff",
    "raw space": "1 2",
    "fragment": "#",
}

NESTED = 50_000
# Bodies in place of JSON. VALID_ENCODINGS are JSON in an encoding that may be accepted.
VALID_ENCODINGS = {"UTF-16", "UTF-32", "BOM"}
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "space": b" \r\n",
    "a list": b"[]",
    "null": b"null",
    "a string": b'"%s"' % CANARY.encode(),
    "a number": b"1",
    "half": b'{"name": "%s' % CANARY.encode(),
    "two": b'{"name": "a"}{"name": "b"}',
    "deep lists": b"[" * NESTED + b"]" * NESTED,
    "deep objects": b'{"a":' * NESTED + b"1" + b"}" * NESTED,
    "deep, open": b"[" * NESTED,
    "a long number": b"9" * 100_000,
    "a long exponent": b"1e" + b"9" * 10_000,
    "not UTF-8": b'{"name": "%s\xff\xfe"}' % CANARY.encode(),
    "overlong UTF-8": b'{"name": "%s\xc0\x80"}' % CANARY.encode(),
    "a surrogate in UTF-8": b'{"name": "%s\xed\xa0\x80"}' % CANARY.encode(),
    "UTF-16": json.dumps({"name": CANARY}).encode("utf-16"),
    "UTF-32": json.dumps({"name": CANARY}).encode("utf-32"),
    "UTF-7": b"+AHs-+ACI-name+ACI-:1+AH0-",
    "BOM": b"\xef\xbb\xbf" + json.dumps({"name": CANARY}).encode(),
    "NUL": b'{"name": "%s\0"}' % CANARY.encode(),
    "a comment": b'{"name": "%s"} // a' % CANARY.encode(),
    "a lone surrogate as a key": b'{"\\ud800": "%s"}' % CANARY.encode(),
    "__proto__": b'{"__proto__": {"is_superuser": true}, "constructor": "%s"}' % CANARY.encode(),
    "many keys": json.dumps(dict.fromkeys(map(str, range(5_000)), 0)).encode(),
    "a wide list": b"[" + b"0," * (LIMIT // 2 - 2) + b"0]",
    "many lists": b"[" + b"[]," * 30_000 + b"[]]",
    "pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
}

FILES = (
    b'--b\r\nContent-Disposition: form-data; name="username"; filename="a\0b"\r\n\r\na\r\n'
    b'--b\r\nContent-Disposition: form-data; name="password"; filename=""\r\n\r\na\r\n--b--'
)
BOUNDARY = b"multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="username"\r\n\r\na\r\n'
# Invalid forms: content type and body.
FORMS: dict[str, tuple[bytes, bytes]] = {
    "no fields": (FORM.encode(), b""),
    "only signs": (FORM.encode(), b"&&==&&"),
    "many fields": (FORM.encode(), b"&".join(b"a%d=1" % n for n in range(20_000))),
    "a field many times": (FORM.encode(), b"username=a&password=b&" * 20_000),
    "a long name": (FORM.encode(), b"x" * 900_000),
    "not UTF-8": (FORM.encode(), b"username=\xff&password=\xfe"),
    "no boundary": (b"multipart/form-data", PART),
    "an empty boundary": (b"multipart/form-data; boundary=", PART),
    "a boundary of bytes": (b"multipart/form-data; boundary=\xff\xfe", PART),
    "a long boundary": (b"multipart/form-data; boundary=" + b"b" * 10_000, PART),
    "another boundary": (b"multipart/form-data; boundary=c", PART),
    "an open part": (BOUNDARY, PART),
    "a part without a name": (BOUNDARY, b"--b\r\n\r\na\r\n--b--\r\n"),
    "files for fields": (BOUNDARY, FILES),
    "another charset": (
        BOUNDARY,
        b'--b\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\nutf-7\r\n'
        + PART
        + b"--b--",
    ),
    "many parts": (BOUNDARY, PART * 5_000 + b"--b--\r\n"),
    "many headers of a part": (BOUNDARY, b"--b\r\n" + b"A: b\r\n" * 50_000 + b"\r\n\r\n--b--"),
    "an open header of a part": (BOUNDARY, b"--b\r\n" + b"A" * 500_000),
}

# Content types for a body that is valid JSON. SPELLINGS of the right one may be accepted.
SPELLINGS = {"UTF-16", "an unknown charset", "another JSON", "capitals", "long"}
CONTENT_TYPES: dict[str, bytes] = {
    "empty": b"",
    "plain text": b"text/plain",
    "anything": b"*/*",
    "not a content type": b"garbage; ; =",
    "XML": b"application/xml",
    "octets": b"application/octet-stream",
    "multipart": BOUNDARY,
    "UTF-16": b"application/json; charset=utf-16",
    "an unknown charset": b'application/json; charset="\xff"; a',
    "another JSON": b"application/vnd.api+json",
    "capitals": b"APPLICATION/JSON;CHARSET=",
    "bytes": b"application/\xff",
    "long": b"application/json; a=" + b"x" * 50_000,
}

VALID_REQUEST_ID = r"[\w.-]{1,64}"
REQUEST_IDS: dict[str, bytes] = {
    "empty": b"",
    "a space": b"a b",
    "100,000 characters": b"x" * 100_000,
    "65 characters": b"x" * 65,
    "bytes": b"\xff\xfe",
    "Arabic digits": "١".encode(),
    "a tab": b"a\tb",
    "an escape": b"\x1b[31m",
    "a bare CR": b"a\rb",
    "a folded line": b"a\r\n b",
    "another header": b"a\r\nX-Injected: b",
    "NUL": b"a\0b",
    "JSON": b'","level":"error',
    "a format": b"%s{0}${jndi:ldap://x}",
}

HOSTS: dict[str, bytes] = {
    "empty": b"",
    "half an address": b"[::1",
    "no port": b"test:x",
    "a user and a path": b"a@b@c/a?b#c",
    "bytes": b"\xff",
}

AUTHORIZATIONS: dict[str, bytes] = {
    "empty": b"",
    "no token": b"Bearer",
    "a space": b"Bearer  ",
    "bytes": b"Bearer \xff\xfe",
    "dots": b"Bearer ..",
    "not JSON": b"Bearer YQ.YQ.YQ",
    "deep": b"Bearer W1tbW1tbW1tbW1tbW1tb." + b"W1tb" * 10_000 + b".YQ",
    "unsigned": b"Bearer eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiIxIn0.",
    "100,000 characters": b"Bearer " + b"x" * 100_000,
    "another scheme": b"Basic YTpi",
    "digest": b'Digest username="\xff", realm="',
    "a comma": b"Bearer a, Bearer b",
}

COOKIES: dict[str, bytes] = {
    "empty": b"",
    "no value": b"session",
    "empty value": b"session=",
    "NUL, quoted": rb'session="a\000b"',
    "a surrogate, quoted": rb'session="\355\240\200"',
    "a line, quoted": rb'session="\015\012Set-Cookie: a=b"',
    "an open quote": b'session="a',
    "a bad escape": rb'session="\9\x"',
    "bytes": b"session=\xff\xfe",
    "encoded": b"session=%00%ff",
    "five hundred": b"; ".join(b"session%d=a" % n for n in range(500)),
    "the same one five hundred times": b"; ".join([b"session=a"] * 500),
    "100,000 characters": b"session=" + b"x" * 100_000,
    "signs": b";;==;,=;",
    "attributes": b"$Version=1; session=a; $Path=/; Path=/; Domain=x",
    "the name of another": b"__Host-session=a; SESSION=a",
}

# Headers that a middleware or a proxy reads or copies: name and value.
HEADERS: dict[str, tuple[str, bytes]] = {
    "long": ("x-long", b"x" * 100_000),
    "bytes": ("x-bytes", bytes(range(128, 256))),
    "no value": ("accept", b""),
    "garbage accepted": ("accept", b"\xff/;q=nan,*/*;q=999"),
    "languages": ("accept-language", b"x" * 10_000),
    "encodings": ("accept-encoding", b"gzip;q=\xff"),
    "origin": ("origin", b"null"),
    "a broken origin": ("origin", b"://[\xff"),
    "site": ("sec-fetch-site", b"\xff"),
    "forwarded for": ("x-forwarded-for", b"\xff, [::1, 1.2.3.4:99999999, unix:"),
    "forwarded for, long": ("x-forwarded-for", b"1.2.3.4," * 5_000),
    "forwarded scheme": ("x-forwarded-proto", b"javascript\xff"),
    "forwarded host": ("x-forwarded-host", b"["),
    "forwarded": ("forwarded", b'for="[_\xff";proto='),
    "trace": ("traceparent", b"00-\xff-0-zz"),
    "trace state": ("tracestate", b"=\xff," * 1_000),
    "baggage": ("baggage", b"%ff=%00;," * 1_000),
    "range": ("range", b"bytes=-1,9-0," * 100),
    "etag": ("if-none-match", b'W/"\xff'),
    "date": ("if-modified-since", b"Thu, 99 Foo 99999 99:99:99"),
    "expect": ("expect", b"\xff"),
    "expect 100": ("expect", b"100-continue"),
    "another method": ("x-http-method-override", b"DELETE"),
    "another path": ("x-original-url", b"/users"),
    "upgrade": ("upgrade", b"h2c, websocket\xff"),
    "a name of signs": ("!#$%&'*+-.^_`|~", b"a"),
}
# Headers that are no valid HTTP.
INVALID_HEADERS: dict[str, tuple[str, bytes]] = {
    "a name with a space": ("a b", b"a"),
    "no name": ("", b"a"),
    "NUL": ("x-nul", b"a\0b"),
}
