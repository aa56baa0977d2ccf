# Pages of 100 messages out of very many by each filter that the API offers: the query
# that PostgREST makes of it, prepared as PostgREST does, as two tenants under row-level
# security: one has nine of ten messages, the other one of a thousand.  Each line is the
# slower of the two, the 95th percentile of many pages, as the client of the database
# sees it.
package Bench::Row::Page;

use strict;
use warnings;

use Bench::Client qw(percentile);
use Bench::Session;
use Bench::Size qw(size);

my $days = 360;    # over which the messages spread

# A filter: its name, the view, condition and order as PostgREST writes them, and SQL
# for the values of one page, given the number i of one of the tenant's messages.
my @pages = (
	[ 'by id: the one', 'messages', '"id" = $1', '"id" DESC', 'page_id(i)' ],
	[ 'by id: those behind it', 'messages', '"id" < $1', '"id" DESC', 'page_id(i)' ],
	[ 'by time, 30 days', 'messages', '"created_at" >= $1 AND "created_at" < $2', '"created_at" DESC',
		"page_time(i) - interval '30 days'", 'page_time(i)' ],
	[ 'by number', 'messages', '"number" = $1', '"id" DESC', 'portatext.digits(page_number(i))' ],
	[ 'by the number of a tenth', 'messages', '"number" = $1', '"id" DESC', "'12015000000'" ],
	[ 'by client_ref', 'messages', '"client_ref" = $1', '"id" DESC', 'page_ref(i)' ],
	[ 'by campaign', 'messages', '"campaign_id" = $1', '"id" DESC', 'page_campaign(i)' ],
	[ 'attention: unclear ones', 'attention', '"kind" = $1', '"id" DESC', "'unclear'" ],
	[ 'attention: failed ones', 'attention', '"kind" = $1', '"id" DESC', "'failed'" ],
	[ 'attention: failed ones behind an id', 'attention', '"kind" = $1 AND "id" < $2', '"id" DESC', "'failed'", 'page_id(i)' ]);

sub measure
{
	my ($stage, $table) = @_;
	my $database = $stage->database;
	my %tenant;

	$database->dispatcher;
	$database->stop_workers;
	fill($stage, $database);
	$tenant{app} = Bench::Session->new($database->connection('app'));
	$tenant{small} = Bench::Session->new($database->connection('small'));
	for my $page (@pages)
	{
		my ($slowest) = sort { $b <=> $a } map { look_up($database, $_, $tenant{$_}, $page) } sort keys %tenant;

		$table->fact(sprintf('100 of %d %s', size('MESSAGES'), $page->[0]), 1000 * $slowest, 'ms', '<= 10');
	}
	return;
}

# The time of a page in seconds; every one must have rows.
sub look_up
{
	my ($database, $name, $session, $page) = @_;
	my ($what, $view, $where, $order, @values) = @$page;
	my $every = $name eq 'small' ? 1000 : 10;
	my $first = $name eq 'small' ? 1000 : 1;
	my $count = int(size('MESSAGES') / $every);
	my @took;

	$session->ask('DEALLOCATE ALL; PREPARE page AS ' . postgrest_query($view, $where, $order));
	for my $k (1 .. size('PAGES'))
	{
		# From all over the time.
		my $i = $first + $every * int($count * (0.1 + 0.8 * $k / (size('PAGES') + 1)));
		my $value = $database->sql("SELECT concat_ws(', ', " . join(', ', map { "quote_literal($_)" } @values)
			. ") FROM (VALUES (${i}::bigint)) t (i)");
		my $answer = $session->ask("\\timing on\nEXECUTE page ($value, 100, 0);\n\\timing off");
		my ($rows) = $answer =~ /^\|(\d+)\|/m;
		my ($ms) = $answer =~ /^Time: ([\d.]+) ms/m;

		die "$what: no messages for $value\n" unless $rows;
		push @took, $ms / 1000;
	}
	return percentile(0.95, @took);
}

# What PostgREST 12 asks for GET /messages?...&limit=100 with a filter and an order.
sub postgrest_query
{
	my ($view, $where, $order) = @_;
	my $n = () = $where =~ /\$/g;
	my ($limit, $offset) = map { '$' . ($n + $_) } 1, 2;

	return qq{WITH pgrst_source AS (SELECT "portatext_api"."$view".* FROM "portatext_api"."$view"}
	  . qq{ WHERE $where ORDER BY $order LIMIT $limit OFFSET $offset)}
	  . q{ SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total,}
	  . q{ coalesce(json_agg(_postgrest_t), '[]') AS body,}
	  . q{ nullif(current_setting('response.headers', true), '') AS response_headers,}
	  . q{ nullif(current_setting('response.status', true), '') AS response_status, '' AS response_inserted}
	  . q{ FROM (SELECT * FROM pgrst_source) _postgrest_t};
}

# ---- the messages ----

# Message number i belongs to the small tenant if i is a multiple of 1000, to others if
# its last digit is 5, else to the large one.  The table's indexes are built at the end.
sub fill
{
	my ($stage, $database) = @_;
	my $n = size('MESSAGES');

	$database->sql(functions($n));
	$database->sql(q{CREATE ROLE small LOGIN}) unless $database->sql(q{SELECT count(*) FROM pg_roles WHERE rolname = 'small'});
	$database->sql(q{SELECT portatext.grant_account('small', portatext.create_account('small'))});
	$database->sql(q{SELECT portatext.create_account('other ' || i) FROM generate_series(1, 8) i});
	my @indexes = split /\n/, $database->sql(q{SELECT regexp_replace(pg_get_indexdef(i.indexrelid), '\s+', ' ', 'g') || '|' || i.indexrelid::regclass
		FROM pg_index i WHERE i.indrelid = 'portatext.message'::regclass AND NOT i.indisprimary});

	$database->sql("DROP INDEX " . (split /\|/)[1]) for @indexes;
	my $chunk = int($n / 200);
	Bench::Client::pgbench($stage, clients => 2, count => 100, connection => $database->connection('postgres'),
		script => "SELECT page_fill((t - 1) * $chunk + 1, t * $chunk) FROM nextval('page_chunk') t;\n");
	$database->sql(q{SET maintenance_work_mem = '1GB'});
	$database->sql((split /\|/)[0]) for @indexes;
	$database->sql(q{INSERT INTO portatext.attention (account_id, kind, message_id, since)
		SELECT m.account_id, CASE m.error_code WHEN 'failed' THEN 'failed' ELSE 'unclear' END::portatext.attention_kind, m.message_id, m.created_at
			FROM portatext.message m WHERE m.error_code IN ('failed', 'unclear')});
	$database->sql("VACUUM (ANALYZE) portatext.$_") for qw(message attention);
	$database->sql('CHECKPOINT');
	return;
}

# What message number i of n is.
sub functions
{
	my ($n) = @_;

	return qq{CREATE SEQUENCE page_chunk;
		CREATE FUNCTION page_time(i bigint) RETURNS timestamptz LANGUAGE sql STABLE
			RETURN date_trunc('day', now()) - interval '$days days' + interval '$days days' * (i::double precision / $n);
		CREATE FUNCTION page_id(i bigint) RETURNS uuid LANGUAGE sql STABLE
			RETURN (lpad(to_hex((extract(epoch FROM page_time(i)) * 1000)::bigint), 12, '0') || '7' || substr(md5(i::text), 1, 3)
				|| '8' || substr(md5(i::text), 4, 15))::uuid;
		CREATE FUNCTION page_turn(i bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
			RETURN CASE WHEN i % 1000 = 0 THEN i / 1000 ELSE i END;
		CREATE FUNCTION page_number(i bigint) RETURNS text LANGUAGE sql IMMUTABLE
			RETURN CASE WHEN page_turn(i) % 10 = 2 THEN '+12015000000'
				ELSE recipient(page_turn(i) * 7919 % CASE WHEN i % 1000 = 0 THEN $n / 100000 + 1 ELSE $n / 100 + 1 END) END;
		CREATE FUNCTION page_ref(i bigint) RETURNS text LANGUAGE sql IMMUTABLE
			RETURN CASE WHEN i % 1000 = 0 THEN 'small-' ELSE 'ref-' END || page_turn(i) / 200;
		CREATE FUNCTION page_campaign(i bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
			RETURN CASE WHEN i % 1000 = 0 THEN 1000000 ELSE 1 END + page_turn(i) / 100000;
		CREATE FUNCTION page_fill(first bigint, last bigint) RETURNS void LANGUAGE sql VOLATILE AS \$\$
			INSERT INTO portatext.message (message_id, account_id, inbound, state, step, carrier_id, segments, cost, from_number,
					to_number, encoding, body, client_ref, created_at, sent_at, finished_at, error_code, campaign_id)
				SELECT page_id(i), a.account_id, inbound, (CASE WHEN inbound THEN 'received' WHEN page_turn(i) % 100 = 7 THEN 'sending'
						WHEN page_turn(i) % 20 = 9 THEN 'rejected' ELSE 'delivered' END)::portatext.message_state,
					(CASE WHEN NOT inbound AND page_turn(i) % 100 = 7 THEN 'unclear' ELSE 'final' END)::portatext.message_step, 1, 1, 1,
					CASE WHEN inbound THEN page_number(i) ELSE '+12015550100' END, CASE WHEN inbound THEN '+12015550100' ELSE page_number(i) END,
					'gsm', words(), CASE WHEN NOT inbound THEN page_ref(i) END, page_time(i), page_time(i), page_time(i),
					CASE WHEN page_turn(i) % 100 = 7 THEN 'unclear' WHEN page_turn(i) % 100 = 19 THEN 'failed' WHEN page_turn(i) % 20 = 9 THEN '15' END,
					CASE WHEN NOT inbound AND page_turn(i) % 10 <> 4 THEN page_campaign(i) END
				FROM generate_series(first, last) i,
					LATERAL (SELECT page_turn(i) % 10 = 3 AS inbound) b,
					LATERAL (SELECT CASE WHEN i % 1000 = 0 THEN 'small' WHEN i % 10 = 5 THEN 'other ' || i / 10 % 8 + 1 ELSE 'bench' END AS name) w
					JOIN portatext.account a USING (name) \$\$};
}

1;
