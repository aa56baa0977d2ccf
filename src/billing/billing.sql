-- Tariffs, the ledger and the balance.

CREATE TABLE portatext.tariff (
    tariff_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint REFERENCES portatext.account,
    prefix text NOT NULL CHECK (prefix ~ '^[0-9]{0,15}$'),
    credits portatext.credits NOT NULL CHECK (credits >= 0),
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    CHECK (valid_from < valid_to)
);
CREATE UNIQUE INDEX tariff_key ON portatext.tariff
    (COALESCE(account_id, 0), prefix, valid_from);
COMMENT ON TABLE portatext.tariff IS
    'Credits per segment by destination. The longest prefix wins; at equal length an account''s own row wins over the general one, and the latest valid_from in force over earlier ones.';
COMMENT ON COLUMN portatext.tariff.account_id IS 'Null: for every account but those flagged as sandbox.';
COMMENT ON COLUMN portatext.tariff.prefix IS 'Leading digits of the number without +; empty: every destination.';
COMMENT ON COLUMN portatext.tariff.credits IS 'Credits for one segment, GSM or Unicode alike (BILL-02).';
SELECT pg_catalog.pg_extension_config_dump('portatext.tariff', '');
SELECT pg_catalog.pg_extension_config_dump('portatext.tariff_tariff_id_seq', '');

CREATE TYPE portatext.ledger_kind AS ENUM
    ('charge', 'refund', 'inbound', 'recharge', 'bonus', 'debit', 'carry_forward');
COMMENT ON TYPE portatext.ledger_kind IS
    'Why a balance changed: outbound message, its refund, inbound message, recharge, bonus, operator''s debit, balance carried forward by retention.';

CREATE TABLE portatext.ledger_entry (
    account_id bigint NOT NULL,
    reference uuid NOT NULL,
    kind portatext.ledger_kind NOT NULL,
    amount portatext.credits NOT NULL,
    note text,
    created_at timestamptz NOT NULL DEFAULT portatext.now(),
    PRIMARY KEY (account_id, reference, kind)
);
COMMENT ON TABLE portatext.ledger_entry IS
    'Append-only: every balance change with its reason. At most one row a message and kind (BILL-20, BILL-21).';
COMMENT ON COLUMN portatext.ledger_entry.reference IS 'The message, or an id of the booking itself.';
COMMENT ON COLUMN portatext.ledger_entry.amount IS 'Credits; negative takes from the balance.';
SELECT pg_catalog.pg_extension_config_dump('portatext.ledger_entry', '');

CREATE TABLE portatext.balance_stripe (
    account_id bigint NOT NULL,
    stripe smallint NOT NULL,
    amount numeric NOT NULL DEFAULT 0,
    allowance numeric DEFAULT 0,
    PRIMARY KEY (account_id, stripe),
    CHECK (stripe = 0 OR amount + allowance >= 0)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE portatext.balance_stripe IS
    'The balance in pieces, so that sessions of one account do not queue behind one row: balance = sum of amount + sum of balance_pending. Only charge() writes here.';
COMMENT ON COLUMN portatext.balance_stripe.allowance IS
    'This piece''s share of a postpaid account''s credit limit; null: no limit.';
SELECT pg_catalog.pg_extension_config_dump('portatext.balance_stripe', '');

CREATE TABLE portatext.balance_pending (
    reference uuid NOT NULL,
    account_id bigint NOT NULL,
    amount portatext.credits NOT NULL CHECK (amount > 0)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX balance_pending_account ON portatext.balance_pending (account_id);
COMMENT ON TABLE portatext.balance_pending IS
    'Credits booked (refunds, recharges, bonuses) and not yet moved into a stripe: inserting never waits for a sender.';
SELECT pg_catalog.pg_extension_config_dump('portatext.balance_pending', '');

CREATE TABLE portatext.balance_alert (
    account_id bigint PRIMARY KEY,
    low boolean NOT NULL DEFAULT false,
    zero boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE portatext.balance_alert IS
    'Which balance alerts have fired and wait for the balance to recover (ALERT-25).';
SELECT pg_catalog.pg_extension_config_dump('portatext.balance_alert', '');

CREATE TRIGGER flush_caches AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON portatext.tariff
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.flush_caches();

GRANT SELECT ON portatext.tariff, portatext.ledger_entry TO portatext_account, portatext_operator;
GRANT INSERT, UPDATE, DELETE ON portatext.tariff TO portatext_operator;
GRANT SELECT ON portatext.balance_stripe, portatext.balance_pending, portatext.balance_alert TO portatext_operator;

CREATE FUNCTION portatext.guard_ledger() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_guard_ledger';
COMMENT ON FUNCTION portatext.guard_ledger() IS
    'Trigger: the ledger is append-only (BILL-20).';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON portatext.ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION portatext.guard_ledger();

-- Tariffs.

CREATE FUNCTION portatext.set_tariff(
        prefix text, credits numeric, account_id bigint DEFAULT NULL,
        valid_from timestamptz DEFAULT '-infinity', valid_to timestamptz DEFAULT 'infinity')
    RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO portatext.tariff AS t (account_id, prefix, credits, valid_from, valid_to)
        VALUES (account_id, ltrim(prefix, '+'), credits, valid_from, valid_to)
        ON CONFLICT (COALESCE(account_id, 0), prefix, valid_from) DO UPDATE
            SET credits = EXCLUDED.credits, valid_to = EXCLUDED.valid_to
        RETURNING t.tariff_id
$$;
COMMENT ON FUNCTION portatext.set_tariff(text, numeric, bigint, timestamptz, timestamptz) IS
    'Sets the credits per segment for numbers that begin with prefix, for one account or (null) for all, and returns the row''s id. The same prefix, account and valid_from replace the earlier row. For operators.';
GRANT EXECUTE ON FUNCTION portatext.set_tariff(text, numeric, bigint, timestamptz, timestamptz) TO portatext_operator;

CREATE FUNCTION portatext.tariff_for(number portatext.e164) RETURNS numeric
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_tariff_for_sql';
COMMENT ON FUNCTION portatext.tariff_for(portatext.e164) IS
    'Credits per segment for a destination, for the caller''s account; null: there is no tariff, so nothing can be sent there (BILL-14).';
GRANT EXECUTE ON FUNCTION portatext.tariff_for(portatext.e164) TO portatext_account, portatext_operator;

CREATE VIEW portatext.tariffs WITH (security_barrier) AS
    SELECT DISTINCT ON (t.prefix)
           t.prefix, t.credits, t.credits * a.credit_price AS price,
           t.account_id IS NOT NULL AS own, t.valid_from, t.valid_to
        FROM portatext.account a
        JOIN portatext.tariff t ON t.account_id = a.account_id OR (t.account_id IS NULL AND NOT a.sandbox)
        WHERE a.account_id = (SELECT portatext.known_account())
          AND t.valid_from <= portatext.now() AND t.valid_to > portatext.now()
        ORDER BY t.prefix, t.account_id NULLS LAST, t.valid_from DESC;
COMMENT ON VIEW portatext.tariffs IS
    'The tariffs in force for the caller''s account (BILL-15): credits per segment by prefix, price in money if the account''s price of a credit is known, own when agreed for this account.';
GRANT SELECT ON portatext.tariffs TO portatext_account, portatext_operator;

-- The balance.

CREATE FUNCTION portatext.stored_balance(account bigint) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT COALESCE((SELECT sum(s.amount) FROM portatext.balance_stripe s WHERE s.account_id = account), 0)
         + COALESCE((SELECT sum(p.amount) FROM portatext.balance_pending p WHERE p.account_id = account), 0)
$$;
COMMENT ON FUNCTION portatext.stored_balance(bigint) IS
    'The balance as its tables have it, without what this transaction has spent and not yet written.';

CREATE FUNCTION portatext.share_balance(account bigint) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO portatext.balance_stripe (account_id, stripe)
        SELECT account, n FROM generate_series(0, 15) n
        ON CONFLICT DO NOTHING;
    INSERT INTO portatext.balance_alert (account_id, zero) VALUES (account, true)
        ON CONFLICT DO NOTHING;
    SELECT s.stripe FROM portatext.balance_stripe s WHERE s.account_id = account ORDER BY s.stripe FOR UPDATE;
    UPDATE portatext.balance_stripe s
        SET allowance = g.allowance,
            amount = CASE WHEN s.stripe > 0 THEN g.amount ELSE g.total - 15 * g.others END
        FROM (SELECT t.total,
                     CASE WHEN t.lim IS NULL THEN trunc(t.total / 16, 6)
                          ELSE trunc(greatest(t.total + t.lim, 0) / 16, 6) - t.part END AS others,
                     n AS stripe,
                     CASE WHEN n > 0 THEN t.part ELSE t.lim - 15 * t.part END AS allowance,
                     CASE WHEN t.lim IS NULL THEN trunc(t.total / 16, 6)
                          ELSE trunc(greatest(t.total + t.lim, 0) / 16, 6) - t.part END AS amount
              FROM (SELECT l.lim, trunc(l.lim / 16, 6) AS part,
                           (SELECT sum(b.amount) FROM portatext.balance_stripe b WHERE b.account_id = account) AS total
                    FROM (SELECT CASE a.kind WHEN 'prepaid' THEN 0 ELSE a.credit_limit END AS lim
                          FROM portatext.account a WHERE a.account_id = account) l) t,
                   generate_series(0, 15) n) g
        WHERE s.account_id = account AND s.stripe = g.stripe
$$;
COMMENT ON FUNCTION portatext.share_balance(bigint) IS
    'Makes the stripes of a new account, and shares balance and credit limit evenly among them.';

CREATE FUNCTION portatext.open_balance(account_id bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_open_balance';
COMMENT ON FUNCTION portatext.open_balance(bigint) IS
    'Makes the stripes of a new account, or shares them anew when its terms have changed. Called by create_account() and set_account_terms().';
GRANT EXECUTE ON FUNCTION portatext.open_balance(bigint) TO portatext_operator;

CREATE FUNCTION portatext.balance(account_id bigint DEFAULT NULL) RETURNS numeric
    LANGUAGE c STABLE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_balance_sql';
COMMENT ON FUNCTION portatext.balance(bigint) IS
    'Credits of the caller''s account, what this transaction has spent taken off; operators may name another account.';
GRANT EXECUTE ON FUNCTION portatext.balance(bigint) TO portatext_account, portatext_operator;

-- Booking.  The inner functions run in the extension's own role (balance.c).

CREATE FUNCTION portatext.rearm_balance_alerts(account bigint) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    UPDATE portatext.balance_alert a
        SET low = a.low AND b.balance < c.alert_when_credit_less_than,
            zero = a.zero AND b.balance <= 0
        FROM portatext.account c, (SELECT portatext.stored_balance(account) AS balance) b
        WHERE a.account_id = account AND c.account_id = account
          AND (a.low AND (b.balance < c.alert_when_credit_less_than) IS NOT TRUE OR a.zero AND b.balance > 0)
$$;
COMMENT ON FUNCTION portatext.rearm_balance_alerts(bigint) IS
    'Alerts whose threshold the balance has risen above may fire again (ALERT-25).';

CREATE FUNCTION portatext.book_credit(account bigint, kind portatext.ledger_kind, amount numeric, note text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH booked AS (
        INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, note)
            VALUES (account, portatext.uuid7(), kind, amount, note)
            RETURNING reference),
    credited AS (
        INSERT INTO portatext.balance_pending (reference, account_id, amount)
            SELECT b.reference, account, amount FROM booked b)
    INSERT INTO portatext.event (account_id, type, subject, payload)
        SELECT account, CASE kind WHEN 'bonus' THEN 'balance.bonus' ELSE 'balance.recharged' END, b.reference,
               jsonb_build_object('amount', amount, 'note', note)
        FROM booked b;
    SELECT portatext.rearm_balance_alerts(account)
$$;
COMMENT ON FUNCTION portatext.book_credit(bigint, portatext.ledger_kind, numeric, text) IS
    'Books a recharge (ALERT-08) or a bonus (ALERT-07) with its event.';

CREATE FUNCTION portatext.book_debit(account bigint, amount numeric, note text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, note)
        VALUES (account, portatext.uuid7(), 'debit', -amount, note)
$$;
COMMENT ON FUNCTION portatext.book_debit(bigint, numeric, text) IS
    'The ledger row of an operator''s debit.';

CREATE FUNCTION portatext.recharge(amount numeric, note text DEFAULT NULL, account_id bigint DEFAULT NULL) RETURNS numeric
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_recharge';
COMMENT ON FUNCTION portatext.recharge(numeric, text, bigint) IS
    'Books credits that were paid for and returns the balance. Without account_id for the current account. For operators.';
GRANT EXECUTE ON FUNCTION portatext.recharge(numeric, text, bigint) TO portatext_operator;

CREATE FUNCTION portatext.grant_bonus(amount numeric, note text DEFAULT NULL, account_id bigint DEFAULT NULL) RETURNS numeric
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_grant_bonus';
COMMENT ON FUNCTION portatext.grant_bonus(numeric, text, bigint) IS
    'Books credits as a gift, e.g. after a complaint (BILL-17), and returns the balance. For operators.';
GRANT EXECUTE ON FUNCTION portatext.grant_bonus(numeric, text, bigint) TO portatext_operator;

CREATE FUNCTION portatext.debit(amount numeric, note text DEFAULT NULL, account_id bigint DEFAULT NULL, below_zero boolean DEFAULT true) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_debit_sql';
COMMENT ON FUNCTION portatext.debit(numeric, text, bigint, boolean) IS
    'Books credits off. With below_zero => false it does nothing and returns false when the funds do not suffice. For operators.';
GRANT EXECUTE ON FUNCTION portatext.debit(numeric, text, bigint, boolean) TO portatext_operator;

CREATE FUNCTION portatext.absorb_pending(account_id bigint) RETURNS boolean
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_absorb_pending';
COMMENT ON FUNCTION portatext.absorb_pending(bigint) IS
    'Moves booked credits of an account into its stripes. False: a sender holds stripe 0, nothing was done. For the scheduler.';

CREATE FUNCTION portatext.fire_balance_alert(account bigint, alert text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH fired AS (
        INSERT INTO portatext.balance_alert AS a (account_id, low, zero)
            VALUES (account, alert = 'low', alert = 'zero')
            ON CONFLICT (account_id) DO UPDATE
                SET low = a.low OR EXCLUDED.low, zero = a.zero OR EXCLUDED.zero
                WHERE (EXCLUDED.low AND NOT a.low) OR (EXCLUDED.zero AND NOT a.zero)
            RETURNING 1)
    INSERT INTO portatext.event (account_id, type, subject, payload)
        SELECT account, 'balance.' || alert, NULL,
               jsonb_build_object('balance', trim_scale(portatext.stored_balance(account)),
                                  'threshold', CASE alert WHEN 'low' THEN c.alert_when_credit_less_than ELSE 0 END)
        FROM fired, portatext.account c
        WHERE c.account_id = account
$$;
COMMENT ON FUNCTION portatext.fire_balance_alert(bigint, text) IS
    'Writes balance.low or balance.zero (ALERT-02, ALERT-03) unless that alert has fired already and waits for the balance to recover.';

CREATE FUNCTION portatext.refund_messages(ids uuid[], note text DEFAULT NULL) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH booked AS (
        INSERT INTO portatext.ledger_entry (account_id, reference, kind, amount, note)
            SELECT l.account_id, l.reference, 'refund', -l.amount, refund_messages.note
                FROM portatext.message m
                JOIN portatext.ledger_entry l
                    ON l.account_id = m.account_id AND l.reference = m.message_id AND l.kind = 'charge'
                WHERE m.message_id = ANY (ids) AND l.amount < 0
                ORDER BY l.account_id, l.reference
            ON CONFLICT DO NOTHING
            RETURNING account_id, reference, amount),
    credited AS (
        INSERT INTO portatext.balance_pending (reference, account_id, amount)
            SELECT b.reference, b.account_id, b.amount FROM booked b)
    SELECT count(*) FROM booked
$$;
COMMENT ON FUNCTION portatext.refund_messages(uuid[], text) IS
    'Gives the full charge of each message back, once (BILL-04, BILL-21), and returns how many were refunded. Called by the engine.';

CREATE FUNCTION portatext.absorb_balances() RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT count(*) FILTER (WHERE portatext.absorb_pending(p.account_id))
        FROM (SELECT DISTINCT account_id FROM portatext.balance_pending ORDER BY account_id) p
$$;
COMMENT ON FUNCTION portatext.absorb_balances() IS
    'Moves booked credits of every account into its stripes; never waits. Returns the accounts served. For the scheduler.';

CREATE FUNCTION portatext.balance_alerts() RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH state AS MATERIALIZED (
        SELECT c.account_id, c.alert_when_credit_less_than AS threshold,
               a.low, a.zero, s.amount + COALESCE(p.amount, 0) AS balance
            FROM portatext.account c
            -- A dump that is being restored has accounts before it has their balances: nothing is inserted then.
            JOIN portatext.balance_alert a USING (account_id)
            JOIN (SELECT account_id, sum(amount) AS amount FROM portatext.balance_stripe GROUP BY 1) s USING (account_id)
            LEFT JOIN (SELECT account_id, sum(amount) AS amount FROM portatext.balance_pending GROUP BY 1) p USING (account_id)),
    due AS MATERIALIZED (
        SELECT s.account_id, s.low AND (s.balance < s.threshold) IS NOT TRUE OR s.zero AND s.balance > 0 AS rearm,
               s.balance < s.threshold AND NOT s.low AS low, s.balance <= 0 AND NOT s.zero AS zero
            FROM state s ORDER BY s.account_id),
    done AS (
        SELECT CASE WHEN d.rearm THEN portatext.rearm_balance_alerts(d.account_id) END,
               CASE WHEN d.low THEN portatext.fire_balance_alert(d.account_id, 'low') END,
               CASE WHEN d.zero THEN portatext.fire_balance_alert(d.account_id, 'zero') END,
               (COALESCE(d.low, false)::int + d.zero::int) AS fired
            FROM due d WHERE d.rearm OR d.low OR d.zero)
    SELECT COALESCE(sum(fired), 0) FROM done
$$;
COMMENT ON FUNCTION portatext.balance_alerts() IS
    'Fires the alerts (ALERT-02, ALERT-03) that transactions committing together have missed, and rearms those whose balance is back above (ALERT-25). Returns the alerts fired. For the scheduler.';

CREATE FUNCTION portatext.check_balances() RETURNS TABLE (account_id bigint, balance numeric, ledger numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    SELECT x.account_id, sum(x.balance), sum(x.ledger)
        FROM (SELECT s.account_id, s.amount AS balance, 0 AS ledger FROM portatext.balance_stripe s
              UNION ALL
              SELECT p.account_id, p.amount, 0 FROM portatext.balance_pending p
              UNION ALL
              SELECT l.account_id, 0, l.amount FROM portatext.ledger_entry l) x
        GROUP BY x.account_id
        HAVING sum(x.balance) <> sum(x.ledger)
        ORDER BY x.account_id
$$;
COMMENT ON FUNCTION portatext.check_balances() IS
    'Accounts whose balance is not the sum of their ledger (BILL-20): none, outside a transaction that is spending. Reads the whole ledger. For operators.';
GRANT EXECUTE ON FUNCTION portatext.check_balances() TO portatext_operator;

-- Retention.

CREATE FUNCTION portatext.retire_entries(account bigint, from_id uuid, below uuid, older_than timestamptz,
        OUT seen bigint, OUT last_id uuid, OUT kept_id uuid, OUT gone bigint)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    AS $$
    WITH page AS MATERIALIZED (
        SELECT l.reference, l.kind, l.created_at FROM portatext.ledger_entry l
            WHERE l.account_id = account AND l.reference >= from_id AND l.reference < below
              AND l.kind <> 'carry_forward'
            ORDER BY l.reference LIMIT 500),
    -- A booking stays while another of its reference is younger, or its message may still be refunded.
    judged AS MATERIALIZED (
        SELECT p.reference, p.kind,
            (SELECT max(y.created_at) FROM portatext.ledger_entry y
                WHERE y.account_id = account AND y.reference = p.reference) < older_than
            AND COALESCE((SELECT m.step FROM portatext.message m WHERE m.message_id = p.reference), 'final')
                = 'final' AS over
        FROM page p),
    deleted AS (
        DELETE FROM portatext.ledger_entry l USING judged j
            WHERE l.account_id = account AND l.reference = j.reference AND l.kind = j.kind AND j.over
            RETURNING l.reference, l.kind, l.amount),
    booked AS (
        INSERT INTO portatext.ledger_entry AS c (account_id, reference, kind, amount, note)
            SELECT account, '00000000-0000-0000-0000-000000000000', 'carry_forward', sum(d.amount),
                   format('Bookings before %s.', to_char(older_than AT TIME ZONE 'UTC', 'YYYY-MM-DD'))
                FROM deleted d HAVING count(*) > 0
            ON CONFLICT (account_id, reference, kind) DO UPDATE
                SET amount = c.amount + EXCLUDED.amount, note = EXCLUDED.note, created_at = EXCLUDED.created_at)
    SELECT count(*),
        (SELECT p.reference FROM page p ORDER BY p.reference DESC LIMIT 1),
        (SELECT p.reference FROM page p
            WHERE NOT EXISTS (SELECT FROM deleted d WHERE d.reference = p.reference AND d.kind = p.kind)
            ORDER BY p.reference LIMIT 1),
        (SELECT count(*) FROM deleted)
    FROM page;
$$;
COMMENT ON FUNCTION portatext.retire_entries(bigint, uuid, uuid, timestamptz) IS
    'The part of retire_ledger() in SQL; the ledger refuses it when it is called alone.';

CREATE FUNCTION portatext.retire_ledger(account bigint, from_id uuid, below uuid, older_than timestamptz,
        OUT seen bigint, OUT last_id uuid, OUT kept_id uuid, OUT gone bigint)
    RETURNS record
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'pt_retire_ledger';
COMMENT ON FUNCTION portatext.retire_ledger(bigint, uuid, uuid, timestamptz) IS
    'For the scheduler: deletes an account''s old bookings, at most 500, and adds their sum to its one carry_forward row in the same statement (BILL-20). The answer is that of retire_messages().';
