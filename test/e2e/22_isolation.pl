# A tenant is not there for another one (GEN-11): tables, views, sequences, functions,
# foreign keys, error messages, plans, statistics, notifications.  What is tried is found
# in the catalogs: whatever is new in the product is tried too.
use strict;
use warnings;

use Isolation;
use PortatextNode;
use PostgreSQL::Test::Utils qw(slurp_file);
use Test::More;

my $node = PortatextNode->new_node('isolation', conf => "portatext.scheduler_interval = 1\n");
my $iso = Isolation->set_up($node);
my ($own, $other) = ($iso->account('own'), $iso->account('other'));
my $MARK = $Isolation::MARK;

# No line of the text shows something of the other.
sub shows_nothing
{
	my ($text, $what) = @_;

	unlike($text, qr/$MARK|\b$other\b/, $what);
	return;
}

# ---- tables and views, all verbs ----

# The attempts of a list, a line each, must be none.
sub none
{
	my ($what, @lines) = @_;

	is(join("\n", map { join ' ', @$_ } @lines), '', $what);
	return;
}

my $READS = qr/^(?:SELECT|COUNT)/;
for my $who (qw(own stray anonymous plain))
{
	my $table = $iso->as($who, "\\pset format unaligned\n\\pset fieldsep '\\001'\n\\pset recordsep '\\002'\n"
		  . "SET client_min_messages = error;\nSELECT rel, verb, outcome FROM iso.try_verbs('iso_own')");
	my @lines = map { [ split /\001/, $_, 3 ] } split /\002/, $table;
	my @reads = grep { $_->[1] =~ $READS } @lines;
	my @writes = grep { $_->[1] !~ $READS } @lines;

	cmp_ok(scalar(@reads), '>', 250, "$who: every table and view is read");
	cmp_ok(scalar(@writes), '>', 1000, "$who: everything else is tried");
	none("GEN-11: $who sees nothing of the other in tables, views, errors", grep { $_->[2] =~ /$MARK|\b$other\b/ } @lines);
	none("$who counts none of the other's rows", grep { $_->[1] eq 'COUNT' && $_->[2] !~ /^(?:ok 0|42501)/ && keyed($_->[0]) } @lines);
	none("GEN-11: $who changes no row", grep { $_->[2] !~ /^\w+ \| / && $_->[2] ne 'ok 0' } @writes);
	none('and is refused for want of the right', grep { $_->[2] !~ /^(?:42501|42809|55000|0A000|ok 0)/ && !passes($_) } @writes);
	none("$who without an account sees no row", grep { $_->[2] =~ /^ok/ && keyed($_->[0]) && $_->[2] !~ /^ok (?:0|<null>)$/ } @reads)
	  if $who ne 'own';
}

# Errors before the right is asked for: identity columns behind a view; and contact_upload,
# which takes lines, refuses those for another's import.
sub passes
{
	my ($line) = @_;
	my ($rel, $verb, $outcome) = @$line;

	return $verb eq 'UPDATE' && $outcome =~ /^428C9/ || $rel =~ /contact_upload/ && $verb eq 'INSERT' && $outcome =~ /^55000|^42704/;
}

my %keyed;
sub keyed
{
	%keyed = map { $_ => 1 } split /\n/, $iso->super('SELECT rel FROM iso.relation WHERE keyed') unless %keyed;
	return $keyed{ $_[0] };
}

# The tenants see all that is theirs, so that what was tried is not just refused to all.
for my $who ('own', 'other')
{
	my @missing;

	for my $rel (sort keys %{ { map { $_ => 1 } split /\n/, $iso->super('SELECT rel FROM iso.relation WHERE keyed') } })
	{
		my $sees = $iso->as($who, "SELECT count(*), count(*) FILTER (WHERE account_id = iso.account('$who')) FROM $rel");
		my $has = $iso->super("SELECT count(*) FROM $rel WHERE account_id = iso.account('$who')");
		my $general = $rel eq 'portatext.tariff' ? 1 : 0;

		next if $sees eq '';
		push @missing, "$rel: sees $sees, has $has" unless $sees =~ /^\d+\|$has$/ && ($general || $sees eq "$has|$has");
	}
	is_deeply(\@missing, [], "GEN-11: $who sees all its rows and no other");
}

# ---- COPY ----

my @readable = split /\n/, $iso->as('own', q{SELECT rel FROM iso.relation WHERE has_table_privilege(rel, 'SELECT') AND relkind = 'r'});
my ($out, $err) = $iso->as('own', join '', map { "COPY $_ TO STDOUT;\nCOPY (SELECT * FROM $_) TO STDOUT;\n" } @readable);
cmp_ok(scalar(@readable), '>', 25, 'tables that tenants read');
like($out, qr/osprey/, 'COPY TO gives a tenant its rows');
shows_nothing("$out$err", 'GEN-11: COPY TO gives none of the other\'s');
($out, $err) = $iso->as('own', join '', map { "COPY $_ FROM PROGRAM 'true';\nCOPY $_ FROM STDIN;\n\\.\n" } @readable);
is(scalar(() = $err =~ /ERROR:  (?:permission denied|must be superuser or have privileges|COPY FROM not supported)/g), 2 * @readable, 'COPY FROM is refused everywhere');

# ---- sequences ----

my @sequences = split /\n/, $iso->super(q{SELECT oid::regclass FROM pg_class WHERE relkind = 'S' AND relnamespace::regnamespace::text LIKE 'portatext%'});
my @on_sequence = map { my $s = $_; map { "SELECT $_('$s'" . ($_ eq 'setval' ? ', 1)' : ')') } qw(nextval currval setval pg_sequence_last_value) } @sequences;

push @on_sequence, map { ("SELECT last_value FROM $_", "ALTER SEQUENCE $_ RESTART") } @sequences;
for my $who (qw(own anonymous plain))
{
	my $all = $iso->as($who, join '', map { "SELECT iso.attempt(\$\$$_\$\$, " . (/^SELECT/ ? 'true' : 'false') . ");\n" } @on_sequence);
	my @bad = grep { !/^42501/ && !/^ok <null>$/ } split /\n/, $all;

	is_deeply(\@bad, [], "GEN-11: sequences tell $who nothing and take nothing");
	is(scalar(() = $all =~ /^42501/mg) + scalar(() = $all =~ /^ok <null>$/mg), scalar @on_sequence, 'each was tried');
}
is($iso->as('own', q{SELECT count(*) FROM pg_sequences WHERE schemaname LIKE 'portatext%' AND last_value IS NOT NULL}), 0,
	'pg_sequences does not tell how many others have made');

# ---- functions ----

for my $who (qw(own stray anonymous plain))
{
	my ($answers, $said) = $iso->as($who, "\\pset fieldsep '\\001'\n\\pset recordsep '\\002'\nSET client_min_messages = error; SELECT * FROM iso.try_calls(most => " . ($who eq 'own' ? 1000 : 4) . ')');
	my (@differ, %works, $calls);

	for my $line (map { [ split /\001/, $_, 6 ] } split /\002/, $answers)
	{
		my ($routine, $works, $n, $statement, $with_other, $with_twin) = @$line;

		if (($statement // '') ne '')
		{
			push @differ, "$statement\n  the other's: $with_other\n  nobody's:    $with_twin";
			next;
		}
		$works{$works}++;
		$calls += $n // 0;
	}
	shows_nothing($said, "$who is told nothing besides");
	is(join("\n", @differ), '', "GEN-11: no function tells $who what is the other's from what is nobody's");
	next unless $who eq 'own';
	cmp_ok($works{t}, '>', 2 * $works{f}, "most functions work when asked for one's own ($works{t} of " . ($works{t} + $works{f}) . ')');
	cmp_ok($calls, '>', 3000, "$calls calls");
}
$iso->unchanged('GEN-11: after all that the other has what it had');

# ---- foreign keys and unique constraints ask on behalf of nobody ----

is($iso->super(q{SELECT string_agg(c.conrelid::regclass || ' ' || c.conname, ', ') FROM pg_constraint c
	JOIN iso.relation r ON r.rel = c.conrelid
	WHERE c.contype = 'f' AND has_table_privilege('portatext_account', c.conrelid, 'INSERT')}), '',
	'GEN-11: no tenant can insert a row whose foreign key asks for another\'s');
is($iso->super(q{SELECT string_agg(rel::text, ', ') FROM iso.relation, unnest(ARRAY['portatext_account', 'portatext_anonymous']) r,
	unnest(ARRAY['REFERENCES', 'INSERT', 'UPDATE']) p WHERE relkind = 'r' AND has_any_column_privilege(r, rel, p)}), '',
	'nor name one of its columns');

# ---- plans ----

my $peek = <<'END';
CREATE FUNCTION iso_own.peek(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0000001 AS
	$$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$;
CREATE FUNCTION iso_own.peek2(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0000001 AS
	$$ BEGIN RAISE NOTICE 'saw % %', $1, $2; RETURN $1 = $2; END $$;
CREATE OPERATOR iso_own.=== (FUNCTION = iso_own.peek2, LEFTARG = text, RIGHTARG = text, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR iso_own.<<< (FUNCTION = iso_own.peek2, LEFTARG = text, RIGHTARG = text, RESTRICT = scalarltsel);
END
$iso->as('own', $peek);
my @relations = split /\n/, $iso->as('own', q{SELECT rel FROM iso.relation WHERE has_table_privilege(rel, 'SELECT')});
my %column = map { split /\|/, $_, 2 } split /\n/, $iso->super(q{SELECT r.rel, quote_ident(a.attname) FROM iso.relation r, pg_attribute a
	WHERE a.attrelid = r.rel AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.atttypid = 'text'::regtype, a.attnum DESC});

for my $explain ('', 'EXPLAIN (ANALYZE, VERBOSE, COSTS OFF) ')
{
	($out, $err) = $iso->as('own', join '', map { "${explain}SELECT 1 FROM $_ t WHERE iso_own.peek(t::text);\n" } @relations);
	like($err, qr/saw .*osprey/, 'a leaky function in a filter is given the tenant\'s rows');
	shows_nothing("$out$err", 'GEN-11: and none of the other\'s' . ($explain && ', nor does the plan show them'));
}
($out, $err) = $iso->as('own', join '', map { my ($r, $c) = ($_, $column{$_}); map {
	"SELECT 1 FROM $r t WHERE t.$c\::text OPERATOR(iso_own.$_) 'x';\nEXPLAIN SELECT 1 FROM $r t WHERE t.$c OPERATOR(iso_own.$_) 'x';\n" } '===', '<<<' } @relations);
like($err, qr/saw .*osprey/, 'a leaky operator as well');
shows_nothing("$out$err", 'GEN-11: it is not given the planner\'s statistics');

# Every column of text or number: what its estimate tells must not come from values that the tenant may not read.
my @columns = split /\n/, $iso->super(q{SELECT r.rel || ' ' || quote_ident(a.attname) FROM iso.relation r, pg_attribute a
	WHERE a.attrelid = r.rel AND a.attnum > 0 AND NOT a.attisdropped AND r.relkind = 'r' AND r.keyed AND a.atttypid = 'text'::regtype
		AND has_table_privilege('portatext_account', r.rel, 'SELECT')});
cmp_ok(scalar(@columns), '>', 30, 'columns of text that tenants read');
($out, $err) = $iso->as('own', join '', map { my ($r, $c) = split / /; "EXPLAIN SELECT FROM $r WHERE $c OPERATOR(iso_own.===) 'x' AND iso_own.peek($c);\n" } @columns);
shows_nothing("$out$err", 'GEN-11: planning shows no value of the other\'s');
is($iso->as('own', q{SELECT count(*) FROM pg_stats s JOIN iso.relation r ON r.rel = format('%I.%I', s.schemaname, s.tablename)::regclass WHERE r.keyed}), 0,
	'GEN-11: pg_stats has no row for a tenant of a table with rows of many');
is($iso->as('own', q{SELECT count(*) FROM pg_stats_ext WHERE schemaname LIKE 'portatext%'}) . $iso->as('own', q{SELECT count(*) FROM pg_stats_ext_exprs WHERE schemaname LIKE 'portatext%'}), '00',
	'nor has pg_stats_ext');
($out, $err) = $iso->as('own', 'SELECT count(*) FROM pg_statistic');
like($err, qr/permission denied/, 'pg_statistic itself is closed');

# ---- saying to be another ----

my $impersonate = join '', map { "$_;\nSELECT current_setting('portatext.account_id', true), portatext.known_account();\nROLLBACK;\n" } (
	"BEGIN; SET LOCAL portatext.account_id = '$other'", "BEGIN; SELECT set_config('portatext.account_id', '$other', true)",
	"BEGIN; SELECT portatext.act_as($other)", 'BEGIN; SET ROLE portatext_owner', 'BEGIN; SET ROLE portatext_operator', 'BEGIN; SET ROLE iso_other',
	'BEGIN; SET SESSION AUTHORIZATION iso_other', "BEGIN; UPDATE pg_settings SET setting = '$other' WHERE name = 'portatext.account_id'",
	"BEGIN; CREATE FUNCTION iso_own.trick() RETURNS bigint LANGUAGE sql SET portatext.account_id = '$other' AS 'SELECT portatext.known_account()'; SELECT iso_own.trick()",
	"BEGIN; ALTER ROLE iso_own SET portatext.account_id = '$other'", "BEGIN; ALTER DATABASE postgres SET portatext.account_id = '$other'",
	"BEGIN; SET LOCAL session_replication_role = replica", 'BEGIN; SET LOCAL row_security = off; SELECT count(*) FROM portatext.message');
($out, $err) = $iso->as('own', $impersonate);
is(scalar(grep { $_ ne "|$own" && $_ ne '' } split /\n/, $out), 0, 'GEN-11: nothing makes a tenant another') or diag($out);
cmp_ok(scalar(() = $err =~ /ERROR:  (?!current transaction)/g), '>=', 12, 'each attempt is refused');
shows_nothing($err =~ s/\Q"$other"\E|\b$other\b//gr, 'and the refusals tell nothing');

# What PostgREST says of a request, said by somebody who can set any setting.
for my $headers ('{}', '{"x-original-method": "GET", "x-original-uri": "/me"}')
{
	($out, $err) = $iso->as('own', join '', map { "$_;\n" } 'BEGIN',
		"SELECT set_config('request.method', 'GET', true), set_config('request.path', '/messages', true), set_config('request.headers', '$headers', true)",
		qq{SELECT set_config('request.jwt.claims', '{"role": "portatext_account", "account_id": $other}', true), set_config('request.jwt.claim.account_id', '$other', true)},
		'SAVEPOINT s', 'SELECT portatext_api.authenticate()', 'ROLLBACK TO s',
		q{SELECT 'now ' || portatext.known_account()}, 'SELECT portatext_api.authenticate()', q{SELECT 'now ' || COALESCE(portatext.known_account(), 0), current_user}, q{SELECT string_agg(m::text, '') FROM portatext.message m}, 'ROLLBACK');
	shows_nothing($out =~ s/^.*GET\|.*$//mgr =~ s/^.*"account_id": $other.*$//mgr, 'GEN-11: claims that were forged by SET are worth nothing');
}

# ---- a search_path of the caller's own ----

# Operators and functions of the tenant under the names that the product's statements use:
# whoever runs them says so in the log.
my %hijack = (
	'=' => [ boolean => '(a OPERATOR(pg_catalog.=) b)', 'bigint,bigint', 'integer,integer', 'bigint,integer', 'text,text', 'uuid,uuid', 'name,name' ],
	'<>' => [ boolean => '(a OPERATOR(pg_catalog.<>) b)', 'bigint,bigint', 'text,text' ],
	'||' => [ text => '(a OPERATOR(pg_catalog.||) b)', 'text,text' ],
	'->>' => [ text => '(a OPERATOR(pg_catalog.->>) b)', 'jsonb,text' ]);
my $hijack = q{CREATE FUNCTION iso_own.caught(what text) RETURNS void LANGUAGE plpgsql AS
	$$ BEGIN IF current_user OPERATOR(pg_catalog.<>) session_user THEN RAISE LOG 'hijacked: % as %', what, current_user; END IF; END $$;
	CREATE FUNCTION iso_own.lower(a text) RETURNS text LANGUAGE plpgsql AS
	$$ BEGIN PERFORM iso_own.caught('lower'); RETURN pg_catalog.lower(a); END $$;
};
for my $operator (sort keys %hijack)
{
	my ($result, $body, @types) = @{ $hijack{$operator} };

	for my $types (@types)
	{
		my ($left, $right) = split /,/, $types;
		my $name = 'hijack_' . unpack('H*', $operator) . "_${left}_$right";

		$hijack .= "CREATE FUNCTION iso_own.$name(a $left, b $right) RETURNS $result LANGUAGE plpgsql AS
			\$\$ BEGIN PERFORM iso_own.caught('$operator'); RETURN $body; END \$\$;
			CREATE OPERATOR iso_own.$operator (FUNCTION = iso_own.$name, LEFTARG = $left, RIGHTARG = $right);\n";
	}
}
(undef, my $problem) = $iso->as('own', "$hijack GRANT USAGE ON SCHEMA iso_own TO PUBLIC;");
is($problem, '', 'a tenant may make such operators');
$iso->as('own', q{SET iso.path = 'iso_own, pg_catalog'; SET client_min_messages = error; SELECT count(*) FROM iso.try_calls(most => 1)});
none('GEN-11: no statement of the product runs a tenant\'s operator as its owner',
	map { [$_] } keys %{ { map { $_ => 1 } slurp_file($node->logfile) =~ /(hijacked: .*)/g } });

# ---- what the server tells everybody ----

is($iso->as('own', q{SELECT count(*) FROM portatext.pg_stat_progress_portatext WHERE account_id <> portatext.current_account()}), 0,
	'pg_stat_progress_portatext shows a tenant its own jobs');
is($iso->as('own', q{SELECT string_agg(c.relname, ' ') FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname LIKE 'portatext%'
	AND relname LIKE 'pg_stat_%' AND has_table_privilege(c.oid, 'SELECT')}), 'pg_stat_progress_portatext', 'and that is the only such view that it may read');

none('GEN-11: nothing is notified that everybody could listen to', map { [$_] } grep { slurp_file($_) =~ /Async_Notify|pg_notify|\bNOTIFY\b/ } glob 'src/*/*.c src/*/*.sql');

$node->stop;
done_testing();
