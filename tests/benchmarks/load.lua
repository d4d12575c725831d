-- Sends the bodies of a file, one a line, each connection's turn the next one; tells what came of it as JSON.
local bodies = {}
local at = 0

function init(arguments)
   local headers = {
      ["Authorization"] = "Bearer " .. os.getenv("TOKEN"),
      ["Content-Type"] = "application/json",
   }
   for line in io.lines(os.getenv("BODIES")) do
      bodies[#bodies + 1] = wrk.format("POST", nil, headers, line)
   end
end

function request()
   at = at % #bodies + 1
   return bodies[at]
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50": %.3f, "p99": %.3f}\n',
      summary.requests, summary.duration / 1e6, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
