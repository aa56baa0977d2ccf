-- room: contact.  What forget_number() does to contacts.

CREATE FUNCTION portatext.forget_contacts(account bigint, number text) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    person constant text := portatext.to_e164(number)::text;
BEGIN
    IF NOT portatext.may_forget(account) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = 'only an operator may do this with another account';
    END IF;
    DELETE FROM portatext.contact c
        WHERE c.number::text = person AND (account IS NULL OR c.account_id = account)
          AND c.version = ANY (ARRAY(
              SELECT l.version FROM portatext.contact_list l WHERE account IS NULL OR l.account_id = account
              UNION ALL
              SELECT r.version FROM portatext.retired_version r WHERE account IS NULL OR r.account_id = account
              UNION ALL
              SELECT s.version FROM portatext.campaign_source s
                  WHERE s.version IS NOT NULL AND (account IS NULL OR s.account_id = account)));
    DELETE FROM portatext.import_problem p
        WHERE p.number::text = person AND (account IS NULL OR p.account_id = account);
END
$$;
COMMENT ON FUNCTION portatext.forget_contacts(bigint, text) IS
    'A step of forget_number(): takes the number off all lists, with its variables. Lists that are queries are their owner''s own data.';
GRANT EXECUTE ON FUNCTION portatext.forget_contacts(bigint, text) TO portatext_account, portatext_operator;
