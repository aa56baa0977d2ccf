-- room: contact.  Templates (TPL-01 to TPL-04).
\set SHOW_CONTEXT never

-- TPL-02: {{name}}, blanks inside; single braces and stray closing ones are text.
SELECT portatext.render_template('Dear {{first_name}} {{ last name }}, {a} }} {b', '{"first_name": "John", "last name": "Doe"}');
SELECT portatext.render_template(E'{{\ta }}{{a}}{{b}}', '{"a": "x", "b": "é€"}');
SELECT portatext.render_template('no variables', NULL), portatext.render_template('', '{}') AS nothing,
       portatext.render_template(NULL, '{}') IS NULL AS null_text;
-- TPL-04: a value is inserted as it is and not expanded again.
SELECT portatext.render_template('{{a}} {{b}}', '{"a": "{{b}}", "b": "}}{{ \\1 %s"}');
-- Numbers and booleans as JSON writes them.
SELECT portatext.render_template('{{a}} {{b}} {{c}} {{d}} {{e}}',
    '{"a": 1.50, "b": true, "c": false, "d": 12345678901234567890.1, "e": ""}');
-- TPL-03: a missing variable is an error; null is missing.
SELECT portatext.render_template('{{first_name}}', '{"First_name": "John"}');
SELECT portatext.render_template('{{a}} {{b}}', '{"a": 1, "b": null}');
SELECT portatext.render_template('{{a}}', NULL);
-- Other values, and variables that are no object.
SELECT portatext.render_template('{{a}}', '{"a": {"b": 1}}');
SELECT portatext.render_template('{{a}}', '{"a": []}');
SELECT portatext.render_template('{{a}}', '["a"]');
SELECT portatext.render_template('{{a}}', '"a"');
-- Bad braces, with their place in characters.
SELECT portatext.render_template('né {{a', '{"a": 1}');
SELECT portatext.render_template('{{a}} {{ }}', '{"a": 1}');
SELECT portatext.render_template('{{{a}}}', '{"a": 1}');
SELECT portatext.render_template(E'{{a\nb}}', '{}');
SELECT portatext.render_template('{{' || repeat('ä', 32) || '}}', '{}');
SELECT portatext.render_template('{{' || repeat('ä', 31) || 'x}}', jsonb_build_object(repeat('ä', 31) || 'x', 1));

SELECT portatext.template_variables('{{b}} {{a}} {{ b }} {{c d}}'), portatext.template_variables('none {b}') AS none;
SELECT portatext.template_variables('{{b');
-- The codes: invalid_parameter_value for all of these.
\set VERBOSITY sqlstate
SELECT portatext.render_template('{{a}}', '{}');
SELECT portatext.render_template('{{a', '{}');
SELECT portatext.render_template('{{a}}', '{"a": []}');
SELECT portatext.render_template('{{a}}', '[]');
\set VERBOSITY default
-- Many, each once.
SELECT cardinality(portatext.template_variables(string_agg('{{v' || i % 1000 || '}}', ' '))) FROM generate_series(1, 20000) i;

-- TPL-01: stored templates, of the caller's account.
CREATE ROLE regress_pt_tpl_a;
CREATE ROLE regress_pt_tpl_b;
SELECT portatext.grant_account('regress_pt_tpl_a', portatext.create_account('tpl_a'));
SELECT portatext.grant_account('regress_pt_tpl_b', portatext.create_account('tpl_b'));
SET ROLE regress_pt_tpl_a;
SELECT portatext.create_template('greeting', 'Dear {{first_name}}, welcome.') > 0 AS made;
SELECT portatext.create_template('ready', 'Your table is ready.', 'for guests') > 0 AS made;
SELECT name, body, description, created_at = changed_at AS fresh FROM portatext.template ORDER BY name;
-- Refused.
SELECT portatext.create_template('greeting', 'again');
\set VERBOSITY sqlstate
SELECT portatext.create_template('greeting', 'again');
\set VERBOSITY default
SELECT portatext.create_template(' ', 'text');
SELECT portatext.create_template(NULL, 'text');
SELECT portatext.create_template('empty', '');
SELECT portatext.create_template('open', 'Dear {{first_name');
SELECT portatext.create_template('name', 'Dear {{}}');
-- Changed: what is null stays.
SELECT portatext.update_template('greeting', body => 'Hello {{first_name}}!');
SELECT portatext.update_template('greeting', name => 'hello', description => 'first words');
SELECT portatext.update_template(template_id::text, body => 'Your table is ready, {{name}}.') FROM portatext.template WHERE name = 'ready';
SELECT name, body, description, changed_at > created_at AS changed FROM portatext.template ORDER BY name;
SELECT portatext.update_template('hello', name => 'ready');
SELECT portatext.update_template('hello', name => 'hello');
SELECT portatext.update_template('hello', name => '');
SELECT portatext.update_template('hello', body => '');
SELECT portatext.update_template('hello', body => 'Hello {{{name}}}');
SELECT portatext.update_template('greeting', body => 'x');
SELECT portatext.delete_template('greeting');
-- A name comes before an id.
SELECT portatext.create_template(template_id::text, 'has another''s id as its name') > 0 AS made FROM portatext.template WHERE name = 'ready';
SELECT portatext.update_template(r.template_id::text, description => 'by name') FROM portatext.template r WHERE r.name = 'ready';
SELECT body FROM portatext.template WHERE description = 'by name';
SELECT portatext.delete_template(r.template_id::text) FROM portatext.template r WHERE r.name = 'ready';
SELECT portatext.delete_template('hello');
SELECT name ~ '^[0-9]+$' AS numeric_name, body FROM portatext.template ORDER BY body;
-- Nobody writes into the table itself.
INSERT INTO portatext.template (account_id, name, body) VALUES (1, 'x', 'y');
UPDATE portatext.template SET body = '{{';
-- Other accounts have their own.
SELECT template_id AS theirs FROM portatext.template WHERE name = 'ready' \gset
SET ROLE regress_pt_tpl_b;
SELECT name FROM portatext.template;
SELECT portatext.create_template('ready', 'ours') > 0 AS made;
\set VERBOSITY sqlstate
SELECT portatext.delete_template(:'theirs');
SELECT portatext.update_template(NULL, body => 'ours');
\set VERBOSITY default
SELECT portatext.update_template('hello', body => 'ours');
SELECT portatext.delete_template('ready');
RESET ROLE;
SELECT body FROM portatext.template WHERE template_id = :theirs;
DROP ROLE regress_pt_tpl_a, regress_pt_tpl_b;
