program = Hoso · Commune node
problem-session-unknown = Nobody is logged in. Log in first.
problem-session-locked = The session is locked. Give the password again to go on.
problem-log-in-wrong = The name or the password is not right. Check both and try again.
problem-log-in-later = Too many attempts. Wait a minute and try again.
problem-no-grant = This log-in has no rights now: the province has not approved it, or they have ended. Ask an administrator.
problem-alone = This training machine works by itself: there is no province to link to.
problem-pending = The province has not approved this node. Compare the six words with the operator.
problem-body = What was sent cannot be read. Send JSON in UTF-8.
problem-method = This address does not take that method. See /api/v1/openapi.json.
problem-not-found = Not found. Check the address or the dossier's id.
problem-too-much = Too large. Shorten it and send it again.
problem-internal = Something inside went wrong. Nothing was stored; try again and tell the administrator.
problem-storage = This machine cannot save now. Nothing was stored; tell the administrator.
problem-storage-full = The disk of this machine is full. Nothing was stored, and what you have typed stays here. Make room, then save again; whoever is logged in can go on reading.
problem-storage-read-only = The disk of this machine can only be read now. Nothing was stored, and what you have typed stays here. Tell the administrator; when the disk can be written again, save again. Reading, searching and printing go on.
problem-clock = The date of this machine's clock is wrong, so nothing can be received: the dossier's code and due time take today's date. What you have typed stays here. Tell the administrator to set the clock, then save again; meanwhile receive on pre-numbered paper slips.
problem-storage-dead = This machine cannot save now. Restart the program; tell the administrator.
problem-busy = The dossier is being updated. Try again in a few seconds.
problem-dossier-full = This dossier holds as much as one dossier can. Nothing more can be added; tell the administrator.
problem-needs-newer = A newer version has written something here that this one cannot read. The dossier can be viewed here and is passed on; update the program to go on with it.
problem-set-aside = This dossier is set aside because this machine cannot process it. Tell the administrator.
problem-code = No code can be given: this machine does not have the province's catalogue yet. Connect once and try again.
problem-code-stays = This code stays: no dossier received before this one has the same. Give the later dossier a new code.
problem-calendar-same = No newer calendar changes the due time.
problem-no-station = This machine has no station, so it cannot give an official code.
problem-serials-exhausted = This station has given all numbers of the day. Use another machine or wait until tomorrow.
problem-idempotency-key = The header Idempotency-Key is missing (at most 255 characters). Use a new key for each action.
problem-idempotency-other = This key was used with another content. Use a new one.
problem-base-unknown = The version that this page rests on is not here. Open the dossier again and repeat.
problem-base-missing = A decision must say on which version it rests. Open the dossier again and repeat.
problem-not-admitted = This log-in's rights no longer allow that. Tell the administrator.
problem-procedure-unknown = There is no such procedure in the catalogue of the day of reception.
problem-unit-of-land = Procedures about land need the unit in which the land lies as the one that decides.
problem-field-missing = { $about } is missing. Fill it in and send again.
problem-field-type = { $about } cannot be read. Amounts and counts are digits alone, such as 8000, without points or spaces.
problem-field-amount = { $about } cannot be read. Write whole đồng, such as 8,000 or 8000.
problem-field-count = { $about } cannot be read. Write digits alone, such as 2.
problem-field-bounds = { $about } is too long or not in the right form.
problem-field-unknown = { $about } does not exist or its value is not known.
problem-field-unknown-unit = { $about } names a unit that is not in the catalogue. Choose another one.
problem-field-time = { $about } is no valid time (for example 2026-11-24T08:00:00+07:00).
problem-field-date = The field { $about } is not a date (for example 2026-11-24).
problem-field-moment = The day and time in { $about } cannot be read. Write the day first, then the time on a 24-hour clock, such as 24/11/2026 08:05.
problem-field-day = The day in { $about } cannot be read. Write day, month and year, such as 24/11/2026.
problem-field-papers = There is no paper yet. Tick or write at least one.
problem-field-depth = { $about } is nested too deeply.
problem-rule-role = Your roles do not allow this.
problem-rule-grant-dates = Your grant does not hold on this day.
problem-rule-status = This cannot be done in the dossier's present state.
problem-rule-unit = Your unit does not hold this dossier or its result.
problem-rule-decided = The dossier has been decided.
problem-rule-undecided = The dossier has not been decided.
problem-rule-second-supplement = A second request for papers needs a legal ground and the approval role.
problem-rule-past-due = The due time has passed, or there is none to move.
problem-rule-not-later = The new due time must be after the old one.
problem-rule-extensions-used = The due time was moved as often as allowed.
problem-rule-not-there = What this speaks of is not in this dossier.
problem-rule-field = This field cannot be corrected, or the value does not fit it.
problem-rule-code = Your unit cannot give the dossier this code.
problem-rule-repeated = This has been done already.
problem-rule-needs-review = Two events exclude each other. Choose one before going on.
problem-rule-paper = The number of the paper is needed; what is entered later needs a reason too, and cannot be after now.
problem-form = This page does not belong to the present session. Open it again and send it.
problem-host = This host name is not allowed. Use the address that the program printed, or add the name to hosts in the config file.
problem-foreign = This request was sent from another site. Open the page of this machine and do it there.
problem-time = The request took too long and was stopped. Open the page again to see whether it was saved, then try again.
problem-request = The request cannot be read. Check the address and what was sent, and send it again.
realm-trial = TRIAL RUN
realm-training = TRAINING
realm-unknown = NOT APPROVED YET
realm-official = Official
language-other = Tiếng Việt
log-in = Log in
log-out = Log out
user-name = User name
password = Password
training-log-ins = Log-ins for training
training-password = The password that everybody begins with:
pending = This node waits for the province's approval. Read these six words to the operator:
page-list = Dossiers
page-receive = Receive a dossier
page-dossier = Dossier
page-problem = Not done
skip = To the main content
lists = Work lists
must = required
fill = Fill in the procedure's papers and show the due date
paper-number = Paper { $number }
time-of-day = { $time } on { $day }
due-overdue = Overdue
due-today = Due today
due-soon = In the next 3 days
due-later = Due later
conflict-field = Two different values for: { $field }
conflict-events = Two events that exclude each other
back = Back to the dossiers
back-to-office = Back to the office
back-to-people = Back to the list of people
back-to-exercises = Back to the exercises
search = Search by code, name, identity number, phone
find = Search
all = All
more = Next page
minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
}
hours = { $count ->
    [one] 1 hour
   *[other] { $count } hours
}
days = { $count ->
    [one] 1 day
   *[other] { $count } days
}
sync-up = Connected to the province since { $since }. { $pending ->
    [one] 1 dossier is waiting to be sent.
   *[other] { $pending } dossiers are waiting to be sent.
}
sync-healing = Comparing with the province since { $since }; sending goes on after that. { $pending ->
    [one] 1 dossier is waiting to be sent.
   *[other] { $pending } dossiers are waiting to be sent.
}
sync-down = No connection since { $since } ({ $lasting }). Everything is saved safely on this machine. { $pending ->
    [one] 1 dossier is waiting to be sent.
   *[other] { $pending } dossiers are waiting to be sent.
}
sync-unanswered = No connection since { $since } ({ $lasting }): the relay does not answer, perhaps the network blocks UDP or the relay is off. Everything is saved safely on this machine. { $pending ->
    [one] 1 dossier is waiting to be sent;
   *[other] { $pending } dossiers are waiting to be sent;
} urgent ones can be carried on a USB stick.
sync-off = The link was switched off at { $since } ({ $lasting }). Everything is saved safely on this machine. { $pending ->
    [one] 1 dossier is waiting to be sent.
   *[other] { $pending } dossiers are waiting to be sent.
}
sync-alone = This training machine works by itself, without a link to the province. Everything is saved on it alone.
sync-state-saved = Saved here
sync-state-copied = Copied to a second machine
sync-state-at-province = At the province
sync-state-delivered = At its destination
sync-state-opened = Opened there
sync-state-here = Handled here, sent to no other office
sync-state-unknown = Unknown: sent, no answer yet
sync-state-rechecking = Being checked again with the province
sync-state-needs-attention = Needs attention
column-code = Code
column-applicant = Applicant
column-procedure = Procedure
column-status = Status
column-due = Due
column-units = Received → decided
column-sync = Sync
set-aside = Set aside
needs-newer = Needs a newer version
needs-review = Needs review
needs-review-long = Events that exclude each other were written at places that did not know of each other. Look at both sides and choose one.
choose-side = Choose this
choose-value = Choose this value
choose-who = You cannot choose this side. { $why }
due-none = No due time
due-uncertain = provisional
due-steps = How the due time is counted
actions = Other actions
history = History
without-effect = Without effect:
choose = – Choose –
by-procedure = By the procedure
here = Here
form-receipt = Receipt and appointment slip (form { $number })
form-supplement = Request for missing papers (form { $number })
form-refusal = Refusal to accept (form { $number })
form-apology = Apology and new date (form { $number })
form-stop = Notice of stopping (form { $number })
form-control-sheet = Control sheet (form { $number })
print = Print
save = Save and give a code
status-new = Submitted
status-accepted = Accepted
status-not-accepted = Not accepted
status-processing = In process
status-supplement = Papers requested
status-payment = Payment requested
status-withdrawn = Withdrawn
status-stopped = Stopped
status-done = Result ready
status-returned = Returned
financial-none = Nothing owed
financial-due = Owed
financial-awaiting-confirmation = Awaiting confirmation
financial-paid = Paid
financial-over = Overpaid
financial-refunded = Refunded
delivery-none = No result yet
delivery-ready = Result at the deciding office
delivery-sent = Result on its way
delivery-arrived = Result at the return desk
delivery-returned = Returned
timeliness-open-in-time = In time
timeliness-open-late = Overdue
timeliness-early = Early
timeliness-on-time = On time
timeliness-late = Late
timeliness-none = No due time
event-submitted = Submitted online
event-received = Receive
event-not-accepted = Turn away at the desk (form 03)
event-handed-over = Hand over
event-taken-over = Take over
event-assigned = Assign
event-supplement-requested = Request papers (form 02)
event-supplemented = Papers received
event-fee-added = Add a fee
event-fee-removed = Remove a fee
event-payment-requested = Request payment
event-paid = Take payment
event-payment-confirmed = Confirm payment
event-payment-reversed = Reverse payment
event-extended = Extend (form 04)
event-approved = Approve
event-refused = Refuse to grant (after examination)
event-result-ready = Result ready
event-result-recalled = Recall the result
event-result-sent = Send the result
event-result-arrived = Result arrived
event-returned = Return the result
event-stopped = Stop (form 05)
event-resumed = Resume
event-withdrawn = Withdraw
event-opened = Opened
event-printed = Print a form
event-attached = Scan added
event-detached = Scan hidden
event-noted = Note
event-field-corrected = Correct a field
event-conflict-resolved = Choose a side
event-unit-added = Add a unit
event-calendar-accepted = Accept the official calendar
event-code-reissued = Issue a new code
past-submitted = Submitted online
past-received = Received
past-not-accepted = Turned away at the desk
past-handed-over = Handed over
past-taken-over = Taken over
past-assigned = Assigned
past-supplement-requested = Papers requested
past-supplemented = Papers received
past-supplemented-partly = Some of the papers came, others are still awaited
past-fee-added = Fee added
past-fee-removed = Fee removed
past-payment-requested = Payment requested
past-paid = Payment taken
past-paid-by-bank = Bank payment noted
past-payment-confirmed = Payment confirmed
past-payment-reversed = Payment reversed
past-extended = Extended
past-approved = Approved
past-refused = Refused to grant, after examination
past-result-ready = Result ready
past-result-recalled = Result recalled
past-result-sent = Result sent
past-result-arrived = Result arrived
past-returned = Result returned
past-stopped = Stopped
past-resumed = Resumed
past-withdrawn = Withdrawn
past-opened = Opened
past-printed = Form printed
past-attached = Scan added
past-detached = Scan hidden
past-noted = Note
past-field-corrected = Field corrected
past-conflict-resolved = Side chosen
past-unit-added = Unit added
past-calendar-accepted = Official calendar accepted
past-code-reissued = New code issued
past-newer = Written by a newer version
effect-role = the role does not allow it
effect-grant-dates = outside the days of the grant
effect-status = not in this state
effect-unit = the unit does not hold the dossier
effect-decided = already decided
effect-undecided = not decided yet
effect-second-supplement = a second request lacks its ground
effect-past-due = the due time had passed
effect-not-later = not later than the old due time
effect-extensions-used = extended as often as allowed
effect-not-there = what it speaks of is not there
effect-field = this field cannot be corrected
effect-code = the unit cannot give this code
effect-repeated = done already
effect-needs-review = a conflict is open
effect-paper = paper number or reason is missing
effect-contested = waits for a choice
effect-outvoted = the other side was chosen
effect-resting = rests on an event without effect
effect-unreadable = needs a newer version
effect-waiting = an earlier event is missing
group-procedure = Procedure
group-applicant = Applicant
group-papers = Papers
group-way = Deciding office, how it came and how the result goes out
group-late = Entering a dossier that was received on paper
party-person = Person
party-organisation = Organisation
party-household-business = Household business
party-applicant = Applicant
party-owner = Owner
party-representative = Representative
channel-counter = At the counter
channel-post = By post
channel-online = Online
channel-desk = At a desk
channel-electronic = Electronically
method-cash = Cash
method-transfer = Transfer
method-online = Online
step-reception = day of reception, not counted
step-working = working day
step-working-saturday = Saturday worked instead
step-weekend = weekend
step-off-day = day off
step-calendar-day = day
step-paused = paused
step-moved = moved to the next working day
step-further = the days that follow are not listed
step-beyond = too few days count within twenty years: there is no due time
fact-procedure = Procedure
fact-representative = Representative
fact-received = Received
fact-due-proposed = Due by the official calendar
fact-receiving-unit = Received at
fact-holder = Held by
fact-financial = Money
fact-owed = Owed (đồng)
fact-delivery = Result
fact-result = Number of the result
field-procedure-code = Procedure
field-competent-unit = Deciding office
field-return-unit = Return desk
field-kind = Kind
field-name = Name
field-id-number = Identity number
field-birth-date = Birthday
field-phone = Phone
field-email = E-mail
field-address = Address
field-authority = Authority
field-originals = Originals
field-certified-copies = Certified copies
field-photocopies = Photocopies
field-channel = How it is returned
field-result-channel = How the result is handed over
field-note = Note
field-received-at = Received at
field-paper-reference = Number of the paper
field-sets = Sets
field-reason = Reason
field-to-unit = To
field-person = Person
field-basis = Legal ground
field-amount = Amount (đồng)
field-fee = Fee line
field-pauses = Pauses the time limit
field-method = Method
field-receipt-no = Receipt number
field-reference = Reference
field-due-at = New due time
field-number = Number
field-date = Date
field-from-agency = Made by an agency
field-post = By post
field-tracking = Tracking number
field-receiver = Receiver
field-evidence = Proof of receipt
field-form = Form
field-paper = Paper
field-attachment = Scan
field-text = Text
field-field = Field
field-value = New value
field-unit = Unit
field-code = Code
field-papers = Papers
field-complete = Go on without the papers that are still missing
code-repeated = This code was given to another dossier too: two copies worked without a link at once. An administrator issues a new code for the later one.
page-office = Office
office-link = Link to the province
office-link-on = Switch the link on
office-link-off = Switch the link off
office-people = People of the unit
office-copies = Copy on a second machine
office-copies-none = No other machine of this unit has been seen yet. The province must have approved it, and it must be on the same local network.
office-copy-up = { $label }: connected, { $pending ->
    [0] everything is copied.
    [one] one entry is still to be copied.
   *[other] { $pending } entries are still to be copied.
}
office-copy-down = { $label }: not connected, { $pending ->
    [0] everything is copied.
    [one] one entry is still to be copied.
   *[other] { $pending } entries are still to be copied.
}
office-copy-heard = It last confirmed what it has at { $heard }.
office-copy-stranger = A machine on the local network was turned away { $count ->
    [one] once
   *[other] { $count } times
}, last at { $at }: it is no machine of this unit, or the province has not approved it.
office-copy-ended = A machine on the local network was turned away { $count ->
    [one] once
   *[other] { $count } times
}, last at { $at }: the province has ended it.
backlog-entries = Dossier entries to be sent to the province: { $size }.
backlog-scans-up = Scans to be sent to the province: { $size }.
backlog-scans-room = The province has no room now for { $count ->
    [one] 1 scan of this office. It stays on this machine and is sent again
   *[other] { $count } scans of this office. They stay on this machine and are sent again
} when there is room; dossiers go on as ever. Call the operators of the province.
backlog-scans-down = Scans to come to this machine: { $size }.
backlog-about = This takes about { $lasting } more.
backlog-soon = This takes less than a minute more.
backlog-long = This takes more than a month.
backlog-unknown = How long this takes is not known yet.
backlog-later = This goes on when there is a connection.
office-codes = Codes to be given anew
office-codes-none = No code has to be given anew.
column-log-in = User name
column-name = Name
column-roles = Roles
column-state = State
log-in-open = In use
log-in-disabled = Disabled
role-reception = Reception
role-processing = Processing
role-approval = Approval
role-clerk = Clerk
role-cashier = Cashier
role-return = Return of results
role-viewer = Reading only
role-administrator = Administrator
paper-a5 = A5
paper-80mm = 80 mm roll
paper-a4 = A4
problem-field-lines = { $about } is beyond the 32 lines of one form. Take lines out and send it again.
problem-too-long = More than 2,000 dossiers fall into these days. Choose fewer days and print part by part.
list-open = Open work
list-all = All dossiers
list-found = Found for “{ $query }”
list-new = To be received
list-accepted = To hand over
list-processing = In process
list-supplement = Waiting for papers
list-payment = Waiting for payment
list-stopped = Stopped
list-done = Result ready, to return
list-returned = Returned
list-withdrawn = Withdrawn
list-not-accepted = Not accepted
rail-due = By due time
rail-status = By state
rail-over = Closed
rail-unit = Unit
menu = Lists
close = Close
apply = Filter
within = Search within a status
link-up = Connected
link-away = No connection
keys = Keys
keys-move = down and up in a list
keys-open = open the chosen dossier
keys-receive = receive a new dossier
keys-find = find a dossier
keys-help = show this table
keys-close = close this table
keys-switch = Use single-letter keys
chip-late = { $days ->
    [one] 1 day overdue
   *[other] { $days } days overdue
}
chip-late-today = Overdue since { $time } today
chip-today = Today { $time }
chip-left = { $days ->
    [one] 1 day left
   *[other] { $days } days left
}
chip-paused = Clock stands still
empty-search = No dossier matches
empty-search-why = Try fewer words, no tone marks, or the last digits of the code. Other units’ dossiers are here only when they concern this unit.
empty-due = Nothing under this heading
empty-due-why = No work here needs you at the moment.
empty-open = No open dossiers yet
empty-open-why = A dossier appears here as soon as it is received, or when another unit hands it over.
empty-status = This list is empty
empty-status-why = Dossiers enter and leave this list by themselves as their status changes.
next = What to do next
next-newer = Nothing is to be done here until the program is updated.
next-review = Choose one of the sides above. Until then the dossier cannot move on.
next-handed-over = Hand the dossier over to the deciding office.
next-given = Handed over to { $place }, which has not taken it over yet.
next-taken-over = The dossier was handed over to you. Check the papers, then take it over.
next-assigned = Assign it to whoever will process it.
next-approved = Look at the assessment, then approve or refuse.
next-paid = Take the payment that is still owed.
next-payment-confirmed = Confirm that the money has come in.
next-supplemented = The applicant has to bring papers. Record them here when they come.
next-result-ready = It is decided. Record the number and date of the result.
next-resumed = The dossier is stopped. Resume it when the reason has gone.
next-result-arrived = The result is on its way to you. Record it when you hold it.
next-returned = Return the result and have its receipt signed.
next-result-sent = Send the result to where it is returned.
next-over = The dossier is closed. Nothing is left to do.
next-nothing = There is nothing for your roles to do now.
next-elsewhere = The dossier is at { $place }. There is nothing for your roles to do now.
next-free = The dossier is at { $place }. The next step is somebody else’s; what is below can still be done.
group-progress = Progress
fact-name = Name of person or organisation
fact-paid = Paid (đồng)
fact-open = Still owed (đồng)
papers-none = No papers are recorded yet.
papers-asked = Papers to be handed in
papers-brought = Papers that came this time
papers-more = More lines
paper-other = Another paper
paper-other-number = Another paper { $number }
paper-missing = Missing
paper-handed-in = Handed in: { $counts }
paper-asked-for = Asked for: { $counts }
count-originals = { $number ->
    [one] 1 original
   *[other] { $number } originals
}
count-certified-copies = { $number ->
    [one] 1 certified copy
   *[other] { $number } certified copies
}
count-photocopies = { $number ->
    [one] 1 photocopy
   *[other] { $number } photocopies
}
column-paper = Paper
column-fee = Item
beside = List in progress
badge = State of sync
unverified = time unverified
province-received = At the province { $at }
branches = Done at the same time at places that did not know of each other
page-styleguide = Style guide
style-light = English, light
style-dark = English, dark
style-buttons = Buttons
style-chips = Chips
style-badges = State of sync
style-notices = Notices
style-fields = Fields
style-table = Table
style-empty = Empty list
style-frame = Frame
style-dialog = Dialog
style-procedure = Registration of a birth
style-reason = The applicant asked for it
style-field-wrong = The amount must be above 0. Correct it and send again.
style-notice-safe = At its destination.
style-notice-wait = The applicant still has to bring papers.
style-notice-soon = The dossier is due today.
style-notice-late = The dossier is overdue. Give the applicant a new date.
style-notice-review = Two places did two things that exclude each other. Look at both and choose one.
style-notice-away = No connection. Everything is saved safely on this machine.
payment-taken = taken
prints = Forms to print
field-channel-in = Handed in
save-and-print = Save and print the slip
field-paper-name = Paper
hint-day = 24/11/1985 or 24111985
hint-moment = When it was really handed in: 24/11/2026 08:05
hint-typed-moment = Day, then time: 24/11/2026 17:00. Without a time: when the desk closes, { $time }.
hint-typed-day = 24/11/2026 or 24112026
hint-typed-amount = 8,000 or 8000
receive-begun = Receptions begun on this machine and not saved
receive-go-on = Go on with
receive-discard = Discard
receive-open = Open the dossier
receive-nameless = no name yet
receive-before = Saved here: dossier { $code } of { $name }.
receive-draft-saved = Draft saved at %
receive-draft-failed = The draft could not be saved. Do not close this page.
act-begun = What you were typing at { $at } is back. Check it, then send it.
receive-scanned = Filled in from the identity card: %
receive-scan-failed = What was scanned is no identity card. Nothing has changed.
receive-known = Has applied here before: %
receive-found = Choose with the arrow keys
receive-none-found = Nothing found
receive-sending = Saving…
receive-scan-hint = Scan an identity card at any time: everything goes into its field.
aside-title = The slip as it will be
aside-choose = Choose a procedure to see when it is due
aside-due-unknown = The due time cannot be told yet
aside-hints = Worth another look
aside-fee = Fee
term-same-day = within the working day
term-working-days = { $days ->
    [one] 1 working day
   *[other] { $days } working days
}
term-calendar-days = { $days ->
    [one] 1 day
   *[other] { $days } days
}
term-by-announcement = as announced
why-off = closed on { $days }
why-saturday = working Saturday { $days }
fee-rule = { $fee } (the catalogue says: “{ $rule }”)
fee-none = Nothing to pay
fee-unknown = The amount is not known
fee-amount = VND { $amount }
hint-missing = Not handed in: { $papers }
hint-id-and-birth = The year of birth does not agree with the personal number.
hint-duplicate = May be a duplicate: { $name } has an open dossier { $code } for this procedure
page-return = Return results
return-ask = Scan the slip, or type a dossier's code or a name
return-nothing = No dossier on this machine fits. Check the code on the slip; those of other offices may not have come here yet.
return-ready = The result is ready. Hand it over and take the receiver's signature.
return-not-ready = Nothing to return yet: { $status }. Due { $due }.
return-done-now = Returned to { $receiver } at { $at }.
return-done = Returned to { $receiver } at { $at }. It is not returned again.
return-owed = Still to be paid: { $amount } đồng
return-signature = Signature in the register
return-unclaimed = Results that nobody has collected
return-unclaimed-none = No result is waiting to be collected.
column-since = Ready since
page-health = Health
health-well = This machine works well. Dossiers are kept safely.
health-urgent = Work can go on, but something needs the administrator.
health-stops = This machine cannot save now. Use the pre-printed paper slips and tell the administrator at once.
health-remedy = What to do:
health-looked-at = This page looks at: storage, disk space, approval and station, link, clock, refused and waiting entries, dossiers set aside, backup, replaced forms, the second copy.
health-storage-dead = The program can save no more
remedy-storage-dead = Start the program again. If it stays so, the disk may be broken: delete nothing, call the province's support and have the last backup ready.
health-storage-full = The disk is full, nothing more can be saved
remedy-storage-full = Move other files off this disk, and leave the program's data directory alone. Nothing has to be started again: saving goes on as soon as there is room.
health-storage-read-only = The disk can only be read, nothing more can be saved
remedy-storage-read-only = Disks turn themselves to reading only when something failed: make a backup at once, then check the disk. When it can be written again, saving goes on by itself; if it does not, start the program again.
health-disk-almost-full = Only { $count } % of the disk is free, soon nothing can be saved
remedy-disk-almost-full = Move other files off this disk at once, and leave the program's data directory alone.
bar-storage-read-only = The disk of this machine can only be read now. Reading, searching and printing go on; nothing new can be saved. Tell the administrator.
bar-storage-full = The disk of this machine is full. Reading, searching and printing go on; nothing new can be saved. Tell the administrator.
bar-disk-almost-full = Only { $count } % of this machine's disk is free, soon nothing can be saved. Dossiers still are, scans are not. Tell the administrator at once.
bar-disk-low = { $count } % of this machine's disk is free. Tell the administrator, so that room is made before it is full.
bar-clock = The clock of this machine is { $lasting } off the province's. Times written here are unverified until the province has them. Tell the administrator to set the clock.
health-disk-low = Only { $count } % of the disk is free
remedy-disk-low = Move other files off this disk before it is full, and leave the program's data directory alone.
health-not-approved = The province has not approved this machine yet
remedy-not-approved = Call the province's operator and read out these six words to compare: { $about }
health-no-station = This machine has no station, so it gives provisional codes only
remedy-no-station = It was restored more often than the province gave it stations. Ask the province for more, then give the provisional codes anew on the page Office.
health-link-refused = The province turns this machine away
remedy-link-refused = Call the province's operator: the program is too old, or this machine was ended. Dossiers are still kept safely here.
health-link-down = No link to the province since { $about } ({ $lasting })
remedy-link-down = Check the network cable, the network device and its power. The machine links again by itself, nothing has to be started. Dossiers are still kept safely here; urgent ones can be carried on a USB stick.
health-link-unanswered = The relay does not answer since { $about } ({ $lasting })
remedy-link-unanswered = There is a network here, but no datagram comes back. Ask the province whether its relay runs; if it does, ask the network provider or whoever keeps the firewall to open UDP to the relay. Meanwhile urgent dossiers can be carried on a USB stick: make the file on the page Carry by USB, carry it to the province, and take its receipt in there.
health-link-off = The link to the province is switched off since { $about } ({ $lasting })
remedy-link-off = Switch it on again on the page Office when there is a network; urgent dossiers can be carried on a USB stick.
health-copy-away = Not connected to the unit's second machine
remedy-copy-away = Check that the other machine is on, that both are on one local network, and the address under [lan] in the config file. Dossiers are kept safely on this machine, but there is no second copy yet.
health-copy-closed = This machine cannot open its port for the second machine
remedy-copy-closed = Check listen under [lan] in the config file: the address must be one of this machine, and no other program may use the port. It is tried again by itself. Dossiers are kept safely on this machine, but there is no second copy yet.
health-clock-day = The clock of this machine has the wrong date
remedy-clock-day = Set date and time of this machine and let it keep them by itself. If they are wrong at every start, the battery on its main board is empty: replace it.
bar-clock-day = The clock of this machine has the wrong date, so no dossier can be received: its code and due time take today's date. Everything else goes on; times written here are unverified. Tell the administrator to set the clock.
health-clock = { $count ->
    [one] The clock differs from the province's by one minute
   *[other] The clock differs from the province's by { $count } minutes
}
remedy-clock = Set date and time of this machine and let it keep them by itself. Then switch the link off and on again on the page Office to compare anew.
health-refused = { $count ->
    [one] One entry was refused and has no effect
   *[other] { $count } entries were refused and have no effect
}
remedy-refused = Open the dossiers marked Needs attention to see why. Most often the rights of whoever did it had ended; the province's operator can let it through. Nothing is deleted.
health-waiting = { $count ->
    [one] One entry waits for one that goes before it
   *[other] { $count } entries wait for others that go before them
}
remedy-waiting = This mostly passes by itself once there is a link. If it stays after a day with a link, tell the province's operator.
health-set-aside = { $count ->
    [one] One dossier is set aside because this program cannot read it
   *[other] { $count } dossiers are set aside because this program cannot read them
}
remedy-set-aside = Update the program: a newer one reads them again by itself. If they stay, tell the province's support. What is in them is kept as it is.
health-backup-never = No backup has been made yet
remedy-backup-never = Plug in the backup disk and make one on the page Backup. Keep the disk in another room.
health-backup-old = The last backup is { $count } hours old
remedy-backup-old = Plug in the backup disk and make one on the page Backup. A backup every day is good.
health-forms = A replaced form is faulty: { $about }
remedy-forms = Mend that file in the folder forms of the data directory, or delete it. Meanwhile the original form is printed.
page-people = People
page-password = Change password
page-sheet = Log-in to hand over
people-add = Add somebody
people-renew = Give a new password
people-renew-why = They get a new password and a new key. Whatever they have open ends at once; what they did stays as it is.
people-disable = Disable the log-in
people-disable-why = This cannot be undone. All their rights in this unit end at once, at other machines too. Whoever comes back is added anew.
sheet-once = This password is shown only once. Print this page (Ctrl P) and hand it over in person; whoever gets it is asked for a new one at the first log-in. Then destroy the sheet.
password-present = Present password
password-new = New password
password-rule = At least 8 characters. A short sentence is better than a word.
password-change = Change my password
role-reception-may = receive, not accept, take supplements, hand over, withdraw
role-processing-may = process, ask for supplements and payment, assign
role-approval-may = approve, refuse to grant, extend, stop, recall results
role-clerk-may = number and issue results
role-cashier-may = take money, confirm, pay back
role-return-may = send results, return them to people
role-viewer-may = read dossiers, change nothing
role-administrator-may = people and settings of the unit; reads no dossiers
office-steps = Before the first day at the desk
step-done = Done
step-open = Not yet
step-people = Add those who work at the desk
step-people-how = A log-in for each; print the sheet with the password.
step-backup = Make the first backup
step-backup-how = Plug in the backup disk and press Back up now; the page also says how to try to restore it.
step-dossier = Receive a trial dossier
step-dossier-how = Somebody at the desk logs in, receives a dossier and prints the slip.
problem-log-in-name = A log-in name has letters, digits and . - _ @ only, no blanks, 64 characters at most.
problem-name = Nobody has this log-in name.
problem-name-taken = Somebody has this log-in name already. Choose another.
problem-role = Choose at least one role.
problem-person = This person has no rights in the unit yet.
problem-password = A password has at least 8 characters and at most 256 bytes.
problem-password-wrong = The present password is not right. Nothing was changed.
problem-administrator = The first administrator comes from the province's approval. Ask the province's operator to end or renew it.
problem-oneself = Nobody disables themselves. Ask another administrator.
problem-disabled = This log-in is disabled. Add somebody new if they come back.
page-hours = Working hours
column-point = Desk point
column-hours = Open
column-validity = Valid
hours-none = No working hours are set yet.
hours-remove = Remove
hours-add = Add working hours
hours-point = Desk point
hours-days = Days of the week
hours-opens = Opens at (07:30)
hours-closes = Closes at (11:30)
hours-first = Valid from (01/04/2026)
hours-last = Until (blank if for good)
hours-meant = One line for each part of the day: morning and afternoon are two. Summer and winter hours and Saturday desks are lines of their own too. People at the desk see these hours; due times still follow the closing time in the province's catalogue.
hours-in-force = Valid now
hours-later = Valid later
hours-over = Over
hours-today = Open today – { $hours }
hours-closed-today = By the hours that are set no desk is open today.
weekday-1 = Monday
weekday-2 = Tuesday
weekday-3 = Wednesday
weekday-4 = Thursday
weekday-5 = Friday
weekday-6 = Saturday
weekday-7 = Sunday
step-hours = Set the working hours of the week
step-hours-how = On every day from Monday to Friday some desk is open; season hours and Saturday desks too, if there are any.
problem-hours-point = Name the desk point.
problem-hours-days = Choose at least one day of the week.
problem-hours-order = A desk closes after it opens.
problem-hours-validity = The last day cannot be before the first.
problem-hours-overlap = This desk has hours at that time on those days already. Remove that line first, or choose other hours or days.
problem-hours-date = The date cannot be read. Write it like 01/04/2026.
problem-hours-time = The time cannot be read. Write it like 07:30.
rating-ask = Were you satisfied with the service today?
rating-good = Satisfied
rating-fair = Fair
rating-bad = Dissatisfied
rating-thanks = Thank you for your rating.
rating-month = Ratings this month: { $good } satisfied, { $fair } fair, { $bad } dissatisfied.
page-papers = Papers
papers-tests = Test pages
papers-tests-why = Print one page for each paper of each printer: a ruler of 50 mm, letters with stacked marks, a QR code and the mark of the realm.
papers-usual = Usual paper
papers-usual-why = The paper that is chosen beforehand; it can still be changed for each print.
step-papers = Choose the papers
step-papers-how = Choose the usual paper of each form, then save.
sort = Order
sort-usual = As usual for the list
sort-name = By name
page-confirm = Confirm before it is done
confirm-not-accepted = { $who } turns away dossier { $code } of { $applicant }: it ends at the desk, and { $deadline }.
confirm-refused = { $who } refuses to grant what dossier { $code } of { $applicant } asks for, after it was examined, and { $deadline }.
confirm-stopped = { $who } stops work on dossier { $code } of { $applicant }, and { $deadline }.
confirm-withdrawn = { $who } records that { $applicant } withdraws dossier { $code }: it ends, and { $deadline }.
confirm-result-recalled = { $who } recalls the result of dossier { $code } of { $applicant } to work on it again, and { $deadline }.
confirm-payment-reversed = { $who } reverses the payment recorded for dossier { $code } of { $applicant }, and { $deadline }.
confirm-detached = { $who } hides the scan from dossier { $code } of { $applicant }, and { $deadline }.
confirm-nothing-yet = Nothing has been saved yet.
confirm-back = Go back and change it
deadline-ended = the due time { $due } no longer holds
deadline-paused = the due time { $due } stands still until work is resumed
deadline-kept = the due time stays { $due }
deadline-none = there is no due time
warning-detached = The scan is no longer shown in the dossier anywhere. That it was hidden, and why, stays in the history.
not-now = What cannot be done now
not-now-role = This takes the role { $names }.
not-now-status = Only while the dossier is in the state { $names }.
not-now-arrived = No result is on its way to this unit.
control-sheet = Hand-overs
column-giver = Given by
column-given-at = Given at
column-taker = Taken by
column-taken-at = Taken at
sheet-desk = Reception desk, { $office }
sheet-work = Specialist section, { $office }
sheet-open = Not taken yet
sheet-asked = { $at }: asked for { $papers }
sheet-more = { $first } and { $count } more
sheet-partly = { $at }: came in part: { $papers }
sheet-came = { $at }: came: { $papers }
sheet-on-paper = { $who } as paper { $paper } says
warning-not-accepted = This cannot be undone. The dossier ends here at the desk and is not accepted; print form 03 for the submitter. This is no decision to refuse the grant.
warning-refused = This is a decision not to grant, after processing. The dossier does not end yet: the clerk still issues the letter, and the applicant receives it as a result.
warning-stopped = The clock stops at once; print form 05. Only whoever approves can let it go on, with a new reason.
warning-withdrawn = This cannot be undone. The dossier ends at the applicant's wish; to ask again is a new dossier.
warning-result-recalled = The issued result no longer holds and the dossier is processed again. This works only before the return; if the paper is at another desk, call that desk at once.
warning-payment-reversed = This payment no longer counts. Give the money back before you press.
page-practise = Exercises
page-practised = Who has done what
practise-intro = Six exercises with invented dossiers on this machine. Do them on the pages of everyday work: each recognises what you have just done and ticks it. Enter nothing about real people.
practised-why = An exercise is recorded from what each person has done in a dossier themselves, with the time at which it was complete. Print this page with Ctrl P.
practise-reset = Begin again from nothing
practise-reset-why = All dossiers, added log-ins and results of the training on this machine are removed for good. Everybody logs in again with the first password.
practise-reset-sure = I want to remove everything and begin again
practise-not-here = { $data } is not a training realm's directory ({ $found }): choose another one with --data. Nothing was removed.
practise-found-damaged = there are data that cannot be opened
practise-found-joining = a node that is joining a province is there
practise-found-realm = a node of a realm of the kind { $about } is there
practise-found-database = a database is there
practise-found-file = { $about } is there
exercise-begin = Begin
exercise-dossier = Open the dossier you work on
exercise-open = Not complete
exercise-outage = No connection to the second machine (this exercise plays it). Everything is still saved safely on this machine. Dossiers waiting to be sent: { $pending }.
exercise-completed = Completed at { $at }
exercise-not-yours = Needs another role
exercise-colleague = Link to the second machine again
exercise-reception = Exercise 1. Receive a dossier
exercise-reception-text = Somebody comes for a certificate of marital status. Choose the procedure, enter an applicant with a name of your own making and the papers brought along, and see the due date appear with its reason. Then press Save and print the slip.
exercise-reception-1 = Receive a dossier
exercise-reception-2 = Print the slip of that dossier
exercise-supplement = Exercise 2. Ask for papers and take them in
exercise-supplement-text = Open a dossier in process and choose Request papers: name the missing paper and say why in plain words. The clock stands still meanwhile. When the applicant brings it, choose Papers received in the same dossier.
exercise-supplement-1 = Ask for missing papers
exercise-supplement-2 = Take in what was brought
exercise-payment = Exercise 3. Fee and payment
exercise-payment-text = Open a dossier in process and add a fee, such as 8,000 đồng for a copy. See in the dossier what is still to be paid. Then take exactly that amount in cash.
exercise-payment-1 = Add a fee
exercise-payment-2 = Take the payment in that dossier
exercise-decision = Exercise 4. Decision and result
exercise-decision-text = Open a dossier in process and approve it, or refuse to grant it with a reason. The clerk enters number and date of the result under Result ready. From then on the dossier waits to be collected.
exercise-decision-1 = Approve, or refuse to grant
exercise-decision-2 = Enter number and date of the result
exercise-return = Exercise 5. Return the result
exercise-return-text = Somebody comes with a slip. On the page Return results scan it or type its code, see whether anything is owed, then enter who receives the result and what proves it. Try to return it once more: that is refused.
exercise-return-1 = Hand a result over
exercise-conflict = Exercise 6. An outage and two changes that disagree
exercise-conflict-text = Without a link all work goes on, and other machines do not see it yet. Correct an applicant's phone number; at the same time a colleague at the second machine corrects it too. Press Link to the second machine again: both values stand side by side, and you choose the right one.
exercise-conflict-1 = Correct a field of a dossier
exercise-conflict-2 = The change of the second machine has come
exercise-conflict-3 = Choose the right side
problem-practise-first = Correct a field of a dossier first, then link to the second machine again.
problem-practise-sure = Tick the box if everything shall be removed and begun again. Nothing was removed.
problem-password-one-off = The password of the sheet is for the first log-in only. Choose one of your own, then go on working.
problem-password-same = The new password is the present one. Choose another one.
step-points = Name the desk points
step-points-how = A desk is named with its opening hours; each has a name of its own.
step-test-page = Print the test pages
step-test-page-how = Print the test page of each paper, measure it with a ruler, then confirm which came out right.
papers-tested = It came out right
papers-right = Right at { $at }
problem-scan-type = Only PDF, JPEG, PNG and TIFF are taken, and this file is none of them. Nothing was stored. Scan again into one of these.
problem-scan-size = The file is larger than 20 MB. Nothing was stored. Scan again at 200 or 300 dots per inch, or in several files.
problem-scan-missing = This machine does not have this scan yet. The dossier can be worked on all the same; its page says where the file is.
problem-form-parts = The form that was sent cannot be read. Nothing was stored. Send it again.
scans = Scans
scans-none = There are no scans yet.
column-scan = File
column-size = Size
column-scan-state = On this machine
scan-held = Here
scan-coming = Coming: { $percent }%
scan-wanted = Not received from { $unit } yet (attached { $at })
scan-not-stored = Not stored: this machine could not write the file. The dossier is not affected; make room on the disk, then attach the same file again.
scan-of-none = Of no paper in particular
field-file = Scanned file
scan-hint = PDF, JPEG, PNG or TIFF, at most 20 MB. The dossier does not wait for it.
file-none = No file chosen yet
file-choose = Choose a file…
scan-attach = Attach the scan
page-backup = Backup
backup-last = The last backup
backup-never = No backup has been made yet
backup-at = { $at } ({ $lasting } ago)
backup-new = A new backup
backup-place = Backups are written to { $place }. The desk goes on working meanwhile.
backup-unset = No directory for backups is set: put the line backups = "a directory on another disk" into the settings file and start the program again. Until then use the command below.
backup-make = Back up now
backup-running = Backing up: { $percent } %
backup-done = The backup is made: { $file }
backup-failed = No backup was made. See that the disk is plugged in, that the directory is there and has room, then try again. The machine says: { $about }
backup-look = See whether it is done
backup-command = This command does the same at the machine, also while the program runs:
backup-guard = Whoever holds this file can read the dossiers and act as this machine. Keep the disk in another room, under lock.
backup-restore = Try to restore it
backup-restore-verify = Check that the file is whole:
backup-restore-try = On another machine, restore it into an empty directory:
backup-restore-end = If it says that it was restored, the backup is good. Remove that directory; do not run hoso-node on it as long as this machine works.
problem-backup-unset = No directory for backups is set in the settings file. Use the command hoso-node backup.
problem-backup-running = A backup is being written. Wait until it is done.
page-stick = Carry by USB
bar-stick = Carry dossiers by USB while there is no connection
stick-pending = To take away: what waits to be sent
stick-nothing = Nothing waits to be sent: the province has received everything.
stick-waits = { $dossiers ->
    [one] 1 dossier has
   *[other] { $dossiers } dossiers have
} been waiting to be sent since { $since }: { $entries ->
    [one] 1 entry
   *[other] { $entries } entries
}, { $size }.
stick-make = Make the file to take away
stick-sealed = The browser saves the file; copy it to the USB stick. Only the relay and the offices that it concerns can open it.
stick-more = One file holds about 32 MB. Carry the first one to the province, take its receipt in here, then make the next one.
stick-scans = { $count ->
    [one] 1 scan does not travel with this file; it is sent
   *[other] { $count } scans do not travel with this file; they are sent
} when there is a connection.
stick-bring = To take in: a file that was brought
stick-file = File of another office, or receipt of the province
stick-hint = A file named .hoso or .ack, at most 64 MB. The machine knows which it is; it is taken in whole or not at all.
stick-take = Take the file in
stick-steps = How to carry
stick-step-make = Make the file here and copy it to the USB stick.
stick-step-carry = Carry the stick to the province, or to the office that needs the dossiers soon; its administrator takes the file in.
stick-step-return = The province copies a receipt (a file named .ack) to the stick. Another office gives no receipt.
stick-step-bring = Carry the receipt back and take it in here. Without it nothing is lost: when there is a connection, the machine sends everything as usual.
stick-back = Back to the page Office
stick-receipt = The receipt of the province was taken in.
stick-left = { $count ->
    [one] 1 entry is
   *[other] { $count } entries are
} still waiting to be sent.
stick-not-accepted = The province has not accepted { $count ->
    [one] 1 entry
   *[other] { $count } entries
} yet; see the page of this machine's health.
stick-taken = The file of { $unit } was taken in: { $count ->
    [one] 1 new entry
   *[other] { $count } new entries
} of { $dossiers ->
    [one] 1 dossier
   *[other] { $dossiers } dossiers
}.
stick-known = { $count ->
    [one] 1 entry was
   *[other] { $count } entries were
} known already.
stick-waiting = { $count ->
    [one] 1 new entry waits
   *[other] { $count } new entries wait
} for what comes before; until then it has no effect.
stick-for-others = { $count ->
    [one] 1 entry is
   *[other] { $count } entries are
} for other offices; this machine cannot read that.
stick-refused = { $count ->
    [one] 1 entry was
   *[other] { $count } entries were
} refused: { $why }.
reason-malformed = the data is damaged or cut short
reason-realm = it belongs to another realm
reason-signature = the signature is not right
reason-grant = whoever signed it has no rights here
reason-role = the role of whoever signed it does not allow this
reason-grant-ended = the rights of whoever signed it had ended
reason-units = it adds offices that may not be added
reason-shape = its content has not the right form
reason-disagreement = its header and its content say different things
reason-erased = the dossier was erased
reason-node-ended = the machine that sent it has ended
reason-dependency = it rests on an entry that was refused
problem-bundle-none = No file was chosen, or it is empty. Choose one and send it again.
problem-bundle-size = The file is larger than 64 MB, so it is none that was made to be carried. Nothing was taken in.
problem-bundle-nothing = Nothing waits to be sent: the province has received everything, so no file was made.
problem-bundle-foreign = This is no file of this system. Nothing was taken in; choose a file named .hoso or .ack.
problem-bundle-too-old = The version of the file is too old to be read. Nothing was taken in; update the machine that made it and make it again.
problem-bundle-too-new = The version of the file is newer than this program. Nothing was taken in; update the program, then take it in again.
problem-bundle-damaged = The file is damaged or cut short. Nothing was taken in; copy it again from the machine that made it, or make it again.
problem-bundle-signature = The signature on the file is not of the machine that it names. Nothing was taken in; tell the province's operator.
problem-bundle-realm = The file belongs to another province, or to a training realm. Nothing was taken in.
problem-bundle-signer = The machine that made the file is not known here. Nothing was taken in; connect to the province once and take it in again, or carry it to the province.
problem-bundle-ended = The machine that made the file has ended. Nothing was taken in; carry the file to the province.
problem-bundle-others = The file is not for this office. Nothing was taken in; carry it to the province or to an office that it concerns.
problem-receipt-other = The receipt is for another machine, or for this one before it was restored. Nothing was changed.
problem-receipt-old = The receipt is older than the province's present ledger. Nothing was changed; make the file again and carry it to the province.
problem-receipt-differs = The receipt does not fit this machine's journal. Nothing was changed; connect to the province so that both can compare.
