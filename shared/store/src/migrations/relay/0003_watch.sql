CREATE INDEX waiting_by_origin ON waiting (origin_node);
CREATE INDEX waiting_by_age ON waiting (since_ms);
CREATE INDEX waiting_by_kind ON waiting (substr(what, 1, 2));
CREATE INDEX quarantine_by_origin ON quarantine (origin_node);
CREATE INDEX quarantine_by_reason ON quarantine (reason);
