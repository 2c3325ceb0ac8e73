/*
 * The desk, live: GET /desk/live (WebSocket). Who may open it: a logged-in member of staff with one of the roles
 * officer, lead, editor (staff_of_handshake(): session cookie and our own Origin), else 401/403.
 *
 * Every request of the client is an object with "type" and "id" (1-40 of A-Z a-z 0-9 -, chosen by the client). It
 * gets exactly one answer with the same id:
 *     {"type":"ok","id":…, …}                             done, and durable where something was stored
 *     {"type":"refused","id":…,"code":…,"detail_vi":…}    not done, and why; nothing was changed
 * A request whose answer did not come (connection lost) is sent again with the same id on the next connection: it
 * is done once. "code" is one of: bad_message forbidden not_found taken not_yours changed conflict too_big busy
 * unavailable window_closed.
 * Times are Unix milliseconds. "cid" names a conversation. At most 20 requests a second are taken, a burst of 40;
 * more are refused with "busy". A message of the client has at most 16 kB.
 *
 * ---- what comes by itself ----
 *   {"type":"hello","you":{"login","name","roles":["officer","lead","editor",…],"desks":[id…]},
 *    "desks":[{"id","name","open":bool,"opens":ms,"escalate_to"}],"now":ms,"reply_max":2000}    first; opens: when the desk
 *                      opens next, while it is closed. "desks" are those the person may see (leads: all)
 *   {"type":"queue","desk":id,"open":bool,"opens":ms,"waiting":n,"oldest":ms,"items":[…]}    of each desk: at the beginning,
 *                      and whole again whenever something in it changed. Waiting ones first, in the order they
 *                      must be taken, then those who talk; at most 60, "waiting" counts all.
 *       item: {"cid","mode":"wait"|"talk","channel":"web"|"zalo","since":ms,"due":ms,"reason","reason_vi","escalated":n,
 *              "officer":login|"","officer_name","first":first words of the question,"proven":bool}
 *   {"type":"people","items":[{"login","name","desks":[…],"talks":n,"on_duty":bool}]}    who is connected now
 *   {"type":"conversation", …}     news of a conversation this socket has opened; see "open"
 *   {"type":"typing","cid","who":"citizen"}    somebody types there; good for 5 s
 *   {"type":"notice","n":number,"at":ms,"kind","text_vi"}    for this person alone: a swap asked for or decided, a shift that
 *                      begins, a conversation passed on by name. Kept until "notice_read"; unread ones come again after
 *                      every connection.
 *   {"type":"alarm","cid","text_vi"}    urgent words in a conversation of these desks
 *   {"type":"roster","desk","week"}    changed: ask for it again when it is shown
 *   {"type":"canned"} {"type":"drafts"}    changed likewise
 *
 * ---- conversations ----
 *   {"type":"open","id","cid","epoch":"","after":0}    begins to follow it, at most 8 at once. `epoch` and `after` (last seq
 *                      held) resume without a gap. The answer is "ok", followed by
 *       {"type":"conversation","cid","epoch","last":seq,"reload":bool,"state":{"mode":"bot"|"wait"|"talk","channel","desk",
 *        "officer","officer_name","since","due","reason","reason_vi","proven":bool,"proven_until","asked":ms of the citizen's
 *        last word,"free_until":ms (Zalo: until then answers cost nothing; absent on the web)},
 *        "lines":[{"seq","at","from":"c"|"b"|"o"|"s"|"n","say":{"text","buttons":[…],"officer","name","client",…}}]}
 *                      "reload": drop what is shown, these are the newest lines. say.client of "o" and "n" lines is the id of
 *                      the request that made them: the page's own line has become durable.
 *   {"type":"leave","id","cid"}           no more news of it
 *   {"type":"earlier","id","cid","before":seq}    ok {"lines":[…]} the 50 before it
 *   {"type":"take","id","cid"}            ok {"state"…}; refused "taken" (detail says by whom)
 *   {"type":"steal","id","cid"}           leads: takes it from a colleague, who gets a notice
 *   {"type":"reply","id","cid","text"}    the holder alone ("not_yours"). ok: durable, will be delivered once.
 *                      "window_closed": Zalo's free window is over; detail_vi says what else can be done. With
 *                      "paid":true it is sent all the same, where [chat] paid_reply allows it.
 *   {"type":"note","id","cid","text"}     for colleagues; never shown to the citizen
 *   {"type":"back","id","cid"}            the bot takes over again
 *   {"type":"close","id","cid"}           done: the bot thanks and takes over
 *   {"type":"transfer","id","cid","desk":id}    to the queue of a desk, at its old place
 *   {"type":"transfer","id","cid","to":login}   to a colleague who is connected
 *   {"type":"typing","cid"}               no id, no answer; at most every 2 s
 *
 * ---- beside it ----
 *   {"type":"dossiers","id","cid"}    ok {"proven":bool,"items":[{"code","card":{as GET /v1/dossiers/{code}}}]}: dossiers named in the
 *                      conversation's newest lines, at most 5
 *   {"type":"dossier","id","code"}    ok {"card":{…}}
 *   {"type":"suggest","id","cid"} or {"type":"suggest","id","text"}    ok {"question","items":[{"faq","question","answer","source",
 *                      "date","sure":0…1}]}: at most 3 for the citizen's last question, or for `text`
 *   {"type":"canned_list","id"}       ok {"items":[{"key","title","text","desk","own":bool}]}; own: made here, can be changed
 *   {"type":"canned_put","id","key":"" new,"title","text","desk":id or "" all}      leads; ok {"key"}
 *   {"type":"canned_drop","id","key"}    leads
 *   {"type":"draft_put","id","draft":"" new,"cid":"","topic","question","variants":[…],"answer"}    an entry of the FAQ to be;
 *                      ok {"draft"}
 *   {"type":"draft_list","id"}        ok {"items":[{"draft","topic","question","variants","answer","by","by_name","at","state":"draft"|
 *                      "live"}]}
 *   {"type":"draft_publish","id","draft"}    leads, editors: live in all processes at once; "conflict" with detail_vi when the FAQ
 *                      refuses it
 *   {"type":"draft_drop","id","draft"}    leads, editors, and who wrote it while it is a draft; a live one leaves the FAQ
 *
 * ---- roster ----   a week is named by its Monday, "2026-11-23"
 *   {"type":"roster_get","id","desk","week"}    ok {"desk","week","shifts":[{"shift","login","name","from":ms,"to":ms,"present":minutes,
 *                      "first":ms,"swap":{"swap","by","with","for"} or absent}]}
 *   {"type":"shift_put","id","desk","week","shift":"" new,"login","name","from","to"}    leads; ok {"shift"}; "conflict": overlaps
 *                      another shift of this person
 *   {"type":"shift_drop","id","desk","week","shift"}    leads
 *   {"type":"roster_copy","id","desk","week"}    leads: the shifts of the week before, into an empty week
 *   {"type":"swap_ask","id","desk","week","shift","with":login,"for":shift or ""}    my shift for one of theirs in the same
 *                      week, or given away; ok {"swap"}
 *   {"type":"swap_answer","id","desk","week","swap","yes":bool}    the one asked, or a lead; both are told
 *   {"type":"swap_withdraw","id","desk","week","swap"}
 *   {"type":"notice_read","id","n"}   all up to n
 * GET /desk/roster.csv?desk=&week= gives the week as a table (BOM, semicolons: opens in Excel).
 */
