-- room: carrier.  Settings of the adapter http for carriers that many use.

CREATE TABLE portatext.shipped_http_template (
    name text PRIMARY KEY,
    settings jsonb NOT NULL,
    note text NOT NULL
);
COMMENT ON TABLE portatext.shipped_http_template IS
    'Settings for carriers of the adapter http, read-only: {"template": NAME} in a carrier''s settings starts from these, and each further setting replaces the one here (null takes it away).';
COMMENT ON COLUMN portatext.shipped_http_template.note IS 'What create_carrier() is given beside the settings.';

INSERT INTO portatext.shipped_http_template (name, note, settings) VALUES
('twilio',
 'settings: account (the Account SID), callback_url. username and password: Account SID and Auth Token, which also signs the receipts. With an API key as user and password: receipt_secret is the Auth Token, and the setting signature_key is receipt_secret.',
 $json${
    "documentation": "https://www.twilio.com/docs/messaging/api/message-resource",
    "url": "https://api.twilio.com/2010-04-01/Accounts/{account}/Messages.json",
    "auth": "basic",
    "format": "form",
    "body": {"To": "{to}", "From": "{from}", "Body": "{body}",
        "StatusCallback": "{callback_url}", "ValidityPeriod": "{validity}"},
    "validity_min": 1,
    "validity_max": 36000,
    "id_path": "sid",
    "code_path": "code",
    "text_path": "message",
    "codes": {"20003": "account", "20005": "account", "20429": "throttled", "21211": "bad_number",
        "21214": "bad_number", "21610": "opted_out", "21611": "throttled", "21614": "bad_number",
        "30001": "throttled", "30002": "account", "30007": "filtered"},
    "receipt_ref": "MessageSid",
    "receipt_status": "MessageStatus",
    "receipt_code": "ErrorCode",
    "receipt_statuses": {"accepted": "buffered", "scheduled": "buffered", "queued": "buffered",
        "sending": "buffered", "sent": "accepted", "delivered": "delivered", "read": "delivered",
        "undelivered": "undelivered", "failed": "rejected", "canceled": "rejected"},
    "signature": "hmac-sha1",
    "signature_key": "password",
    "signature_header": "X-Twilio-Signature",
    "signed": "{url}{form}"
 }$json$),
('telnyx',
 'settings: callback_url. password: the API key. receipt_secret: the public key of the portal (base64), which checks the receipts.',
 $json${
    "documentation": "https://developers.telnyx.com/api-reference/messages/send-a-message",
    "url": "https://api.telnyx.com/v2/messages",
    "auth": "bearer",
    "format": "json",
    "body": {"from": "{from}", "to": "{to}", "text": "{body}", "type": "SMS",
        "webhook_url": "{callback_url}", "use_profile_webhooks": false},
    "id_path": "data.id",
    "code_path": "errors.0.code",
    "text_path": "errors.0.detail",
    "codes": {"10002": "bad_number", "10007": "temporary", "10009": "account", "10010": "account",
        "10011": "throttled", "10016": "bad_number", "20100": "account", "40001": "bad_number",
        "40002": "filtered", "40003": "filtered", "40300": "opted_out", "40310": "bad_number",
        "40312": "account", "40314": "account", "40318": "throttled", "40322": "filtered"},
    "receipt_ref": "data.payload.id",
    "receipt_status": "data.payload.to.0.status",
    "receipt_code": "data.payload.errors.0.code",
    "receipt_statuses": {"queued": "buffered", "sending": "buffered", "sent": "accepted",
        "delivered": "delivered", "delivery_failed": "undelivered", "sending_failed": "rejected",
        "delivery_unconfirmed": "accepted", "expired": "expired"},
    "signature": "ed25519",
    "signature_header": "telnyx-signature-ed25519",
    "timestamp_header": "telnyx-timestamp",
    "signed": "{timestamp}|{body}"
 }$json$),
('vonage',
 'The Messages API. settings: callback_url. username and password: API key and API secret. receipt_secret: the signature secret of the dashboard, which signs the receipts.',
 $json${
    "documentation": "https://developer.vonage.com/en/api/messages",
    "url": "https://api.nexmo.com/v1/messages",
    "auth": "basic",
    "format": "json",
    "body": {"message_type": "text", "channel": "sms", "from": "{from_digits}", "to": "{to_digits}",
        "text": "{body}", "client_ref": "{id}", "ttl": "{validity}",
        "webhook_url": "{callback_url}", "webhook_version": "v1"},
    "validity_min": 20,
    "validity_max": 604800,
    "id_path": "message_uuid",
    "code_path": "type#",
    "text_path": "detail",
    "codes": {"1000": "throttled", "1030": "temporary", "1040": "bad_number", "1050": "opted_out",
        "1060": "account", "1070": "account", "1080": "account", "1100": "temporary",
        "1140": "account", "1170": "bad_number", "unauthorized": "account", "forbidden": "account",
        "low-balance": "account", "unprovisioned": "account", "account-suspended": "account"},
    "receipt_ref": "message_uuid",
    "receipt_status": "status",
    "receipt_code": "error.type#",
    "receipt_statuses": {"submitted": "accepted", "delivered": "delivered", "read": "delivered",
        "rejected": "undelivered", "undeliverable": "rejected"},
    "signature": "jwt-hs256"
 }$json$);
GRANT SELECT ON portatext.shipped_http_template TO portatext_operator;
