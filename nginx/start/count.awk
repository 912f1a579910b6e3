# Adds what the edge has answered to what it had answered before, and prints both for Prometheus.
#
#   awk -F'\t' -v totals=FILE -v journal=JOURNAL -v live=blue -v stale=0 -v now=SECONDS \
#     -v deployed=SECONDS -f count.awk FILE JOURNAL REQUESTS
#
# FILE: the totals so far, a series and a number a line; FILE.new becomes the totals with REQUESTS
# in them. JOURNAL: what deploy-blue-green.sh has written down. REQUESTS: lines of the format
# `counted` (edge/log.conf); one that is not whole is left out.

BEGIN {
  bounds = split("0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf", bound, " ")
  # What has not happened yet is 0, so that the first time is seen as a change.
  split("page asset api", kinds, " ")
  split("blue green", colours, " ")
  split("200 500 502 503 504", codes, " ")
  split("deployed returned failed", outcomes, " ")
  for (o in outcomes) deployments[outcomes[o]] = 0
  deployments["rolled back"] = 0
  for (k in kinds) for (c in colours) for (s in codes)
    add(requests(kinds[k], codes[s], "none", colours[c]), 0)
}

FILENAME == totals { add($1, $2); next }
FILENAME == journal {
  if (match($0, /"outcome":"[^"]*"/))
    deployments[substr($0, RSTART + 11, RLENGTH - 12)]++
  next
}
NF != 8 { next }
{
  kind = $8 in known ? known[$8] : known[$8] = kind_of($8)
  seen[kind, $3, $4, $1]++
  bytes[$7] += $2
  observe("kaira_edge_request_duration_seconds", "kind=\"" kind "\"", $5)
  if ($6 != "-")
    observe("kaira_edge_upstream_duration_seconds", "kind=\"" kind "\",colour=\"" $1 "\"", sum($6))
}

END {
  for (each in seen) {
    split(each, part, SUBSEP)
    add(requests(part[1], part[2], part[3] == "-" ? "none" : tolower(part[3]), part[4]), seen[each])
  }
  for (coding in bytes)
    add("kaira_edge_response_bytes_total{coding=\"" (coding == "-" ? "identity" : coding) "\"}", bytes[coding])
  for (name in durations) for (i = bounds; i >= 1; i--) for (j = 1; j <= i; j++)
    add(durations[name] bound[i] "\"}", within[name, j])

  for (series in total) {
    printf "%s\t%.17g\n", series, total[series] >(totals ".new")
    family = series
    sub(/(_bucket|_sum|_count)?\{.*/, "", family)
    lines[family] = lines[family] sprintf("%s %.15g\n", series, total[series])
  }
  tell("kaira_edge_live", "gauge", "The colour that visitors are sent to.",
    "kaira_edge_live{colour=\"" live "\"} 1\n")
  tell("kaira_edge_stale", "gauge", "Whether that colour is dead and the edge answers from its cache.",
    "kaira_edge_stale " stale "\n")
  tell("kaira_edge_counted_timestamp_seconds", "gauge", "When the requests were counted last, in seconds since the epoch.",
    "kaira_edge_counted_timestamp_seconds " now "\n")
  for (outcome in deployments)
    outcome_lines = outcome_lines "kaira_deployments_total{outcome=\"" outcome "\"} " deployments[outcome] "\n"
  tell("kaira_deployments_total", "counter", "Deployments, by how they ended; a rollback by hand is `returned`.",
    outcome_lines)
  if (deployed)
    tell("kaira_deployment_timestamp_seconds", "gauge", "When the last deployment ended, in seconds since the epoch.",
      "kaira_deployment_timestamp_seconds " deployed "\n")
  tell("kaira_edge_requests_total", "counter", "Requests of visitors that the edge has answered, by kind of path, status code, what its cache did, and the colour that was live.",
    lines["kaira_edge_requests_total"])
  tell("kaira_edge_response_bytes_total", "counter", "Bytes of the bodies that the edge has sent, by content coding.",
    lines["kaira_edge_response_bytes_total"])
  tell("kaira_edge_request_duration_seconds", "histogram", "From the first byte of a request to the last one of its answer, the visitor's line included.",
    lines["kaira_edge_request_duration_seconds"])
  tell("kaira_edge_upstream_duration_seconds", "histogram", "How long the application took for an answer that the edge asked it for, all tries together.",
    lines["kaira_edge_upstream_duration_seconds"])
}

function add(series, number) { total[series] += number }

function requests(kind, code, cache, colour) {
  return "kaira_edge_requests_total{kind=\"" kind "\",code=\"" code "\",cache=\"" cache \
    "\",colour=\"" colour "\"}"
}

# Counts into the first bucket that is wide enough; the wider ones are added up at the end.
function observe(name, labels, seconds,    series, i) {
  series = name "{" labels "}"
  for (i = 1; i < bounds && seconds > bound[i]; i++);
  within[series, i]++
  durations[series] = name "_bucket{" labels ",le=\""
  add(name "_sum{" labels "}", seconds)
  add(name "_count{" labels "}", 1)
}

# A file with a fingerprint in its name (site/locations.conf), the API, or anything else.
function kind_of(path) {
  if (path ~ /^\/api\//) return "api"
  if (path ~ /\.[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+\.[0-9A-Za-z]+$/)
    return "asset"
  return "page"
}

# nginx tells the time of each try: "0.001", or "1.000, 0.002".
function sum(times,    part, parts, i, all) {
  parts = split(times, part, /[,: ]+/)
  for (i = 1; i <= parts; i++) all += part[i]
  return all
}

function tell(name, type, help, series) {
  if (series != "") printf "# HELP %s %s\n# TYPE %s %s\n%s", name, help, name, type, series
}
