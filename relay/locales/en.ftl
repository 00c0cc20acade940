program = Hoso · Province relay
realm-trial = TRIAL OPERATION
realm-training = TRAINING
language-other = Tiếng Việt
log-in = Log in
log-out = Log out
user-name = User name
password = Password
problem-log-in = User name or password is not right. Check them and try again.
problem-log-in-later = Too many attempts. Wait { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
 } and try again.
problem-log-in-broken = The relay cannot check passwords now. Name and password may well be right: try again in a few minutes, and if it stays so, look into the program's log.
overview-title = Units
fact-last-seen = Last seen
fact-backlog = Not yet sent
fact-nodes = Nodes
state-attention = Needs someone
state-silent = Silent beyond the limit
state-away = Away within the limit
state-connected = In contact
seen-never = Never
seen-seconds = { $count } s ago
seen-minutes = { $count } min ago
seen-hours = { $count } h ago
seen-days = { $count } days ago
problem-not-found = There is no such address. Check it.
problem-host = These pages cannot be opened under this host name. Use the address that the program printed, or list the host name under hosts in the config file.
problem-foreign = This form was sent from another site. Open it here and send it again.
fact-oldest = Oldest of them
fact-clock = Clock
fact-version = Version
clock-ahead = { $seconds } s ahead
clock-behind = { $seconds } s behind
overview-waiting = { $count ->
    [one] { $count } entry has
   *[other] { $count } entries have
 } waited for more than 30 days. The alerts below say from which unit.
alerts-title = To be looked at
alerts-none = There is no alert.
alert-province = The province
alert-since = Since { $since }, { $times ->
    [one] once
   *[other] { $times } times
 }.
alert-acknowledge = Seen
problem-role = This account may only read.
alert-copy = Two machines may be running one database. Call the unit: only one may run.
alert-healing = This node and the relay had to compare everything too often within an hour. Check the disk of the machine.
alert-epoch = This machine shows a life of the ledger that the relay can never have reached. Call the unit; if nobody can explain it, end the machine's approval.
alert-lost-commits = This machine holds entries that the relay has lost, and everything is being compared. Check the relay's disk; if that is sound, check this machine.
alert-diverged = What the relay sent did not fit what this machine holds, and both are being compared. Check the disk of the machine.
alert-scan-damaged = This machine sent a scan that is not the one it named; the relay did not take it and waits for it to be sent again. Check the disk of the machine.
alert-scan-room = There is no room on the relay for new scans of this unit; they wait on the unit's machine, and dossiers go on as ever. Look at the relay's disk: where less than 5 % is free, make room. Otherwise the unit has used its share: ask why there are so many; if that is right, raise unit_scan_bytes_max in the settings file and start the relay again.
alert-scan-lost = The file of a scan on the relay's disk is no longer what it was; the relay is asking the offices for it again. Check the relay's disk.
alert-invitation = Someone used an invitation a second time. Ask the unit who has used it, and make a new one if needed.
alert-waiting = Entries of this unit have waited for more than 30 days; the relay keeps them and no longer accepts them by itself. Call the unit to learn what they are, and note it. There is no command to accept such entries yet: it comes in a later version.
problem-title = Not done
back = Back to the units
problem-session-unknown = Nobody is logged in. Log in first.
problem-alert = No open alert has this number. Look at the list of alerts again.
problem-body = What was sent cannot be read. Send JSON in UTF-8 with the fields that are needed.
problem-method = This address does not take that method. Check it.
problem-time = The request took too long and was stopped. Open the page again to see whether it was saved, then try again.
problem-too-much = Too large. Shorten it and send it again.
problem-request = The request cannot be read. Check the address and what was sent, and send it again.
problem-internal = Something inside went wrong. Try again; if it stays so, look into the program's log.
problem-storage = The relay cannot read or save its data now. Look into the program's log.
problem-storage-full = The relay's disk is full. Nothing was stored. Make room, then do it again.
skip = To the main content
overview-connected = { $count } in contact
overview-away = { $count } away within the limit
overview-silent = { $count } silent beyond the limit
overview-empty = { $count } without a node
overview-attention = { $count ->
    [one] { $count } needs
   *[other] { $count } need
 } someone: { $names }{ $more ->
    [0] {""}
   *[other] {" "}and { $more } more
 }
units-with-node = Units with a node
units-without-node = Units without a node
fact-link = Link
fact-troubled = Refused or waiting
entries = { $entries ->
    [one] { $entries } entry
   *[other] { $entries } entries
 }
backlog = { $entries ->
    [one] { $entries } entry
   *[other] { $entries } entries
 }, { $size }
backlog-none = All sent
size-bytes = { $count } B
size-kilobytes = { $count } kB
size-megabytes = { $count } MB
problem-storage-read-only = The relay's disk can only be read now. Nothing was stored. Make it writable again, then do it again.
