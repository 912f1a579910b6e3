# What nginx itself says of errors, as JSON with the names of all other lines, and without the
# query that it writes with the request.
#
#   2026/01/31 12:00:00 [error] 42#42: *3 MESSAGE, client: 192.0.2.7, server: _, request: "GET /x?y HTTP/1.1", …

s/[^[:print:]]/?/g
s/["\\]/\\&/g
# What follows the first of these is what the request was, and a visitor may have made it up.
s/, client: /\n/
s/\[(crit|alert|emerg)\]/[critical]/
s/\[warn\]/[warning]/
s/\[notice\]/[info]/
s/\n([^,]*)(, server: [^,]*)?, request: \\"([A-Z]+) ([^ ?\\]*).*$/\n"client":"\1","method":"\3","path":"\4",/
s/\n([^",]+),? ?.*$/\n"client":"\1",/
s|^([0-9]{4})/([0-9]{2})/([0-9]{2}) ([0-9:]{8}) \[([a-z]+)\] [0-9]+#[0-9]+: (\*[0-9]+ )?([^\n]*)\n?(.*)$|{"timestamp":"\1-\2-\3T\4Z","level":"\5","event":"nginx error",\8"detail":"\7"}|
p
