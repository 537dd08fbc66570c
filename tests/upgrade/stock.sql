-- A million that are over, made of the one that the former release has sent: what a migration must not read in one go.
CREATE TEMP TABLE copy ON COMMIT DROP AS
SELECT g AS n, gen_random_uuid() AS notification_id, gen_random_uuid() AS message_id
FROM generate_series(1, :n) AS g;

INSERT INTO notification
SELECT (jsonb_populate_record(one, jsonb_build_object('id', c.notification_id, 'reference', 'old-' || c.n))).*
FROM notification AS one, copy AS c WHERE one.reference = 'first';

INSERT INTO message
SELECT (jsonb_populate_record(m, jsonb_build_object('id', c.message_id, 'notification_id', c.notification_id,
    'request_id', 'old-' || c.n, 'sms_id', 'old-' || c.n))).*
FROM message AS m JOIN notification AS one ON one.id = m.notification_id, copy AS c WHERE one.reference = 'first';
