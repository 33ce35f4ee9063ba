-- When the people of an alert are told again that has passed its last step and
-- that nobody has taken up; 0 when they are not. What was left so by an older
-- release is told of at once.
ALTER TABLE alerts ADD COLUMN again_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX alerts_again ON alerts (again_at) WHERE again_at > 0;
UPDATE alerts SET again_at = clock_at WHERE state = 'open' AND severity IN ('red', 'orange') AND clock_at > 0 AND escalate_at = 0;

CREATE INDEX outbox_of_alert ON outbox (alert, person) WHERE state = 'waiting';
