# A carrier's credentials reach no log line, error text, table that others read, or
# pg_stat_activity: not when it is set up, and not when its gateway echoes them.
use strict;
use warnings;

use HttpHook;
use PortatextNode;
use Test::More;

my $secret = 'Hush-4711';
my $receipt = 'Ssst-4712';
my $node = PortatextNode->new_node('secrets');

sub sql { return $node->safe_psql('postgres', @_) }

sql('CREATE EXTENSION portatext');

# A gateway that is no Kannel at the wrong address, whose error page quotes the request.
my $hook = HttpHook->start(status => 404,
	body => "/cgi-bin/sendsms?username=u&password=$secret&dlr-url=http%3A%2F%2Fk%3A$receipt%40h not found");

# Each fails, the last one after the credentials have been read.
for my $wrong ('"colour": 1', '"url": "nowhere"', '"password": "' . $secret . '"')
{
	my ($status, $out, $err) = $node->psql('postgres', qq{
		SELECT portatext.create_carrier('k', 'kannel', '{"url": "http://h/", "dlr_url": "http://h", $wrong}',
			'u', '$secret', '$receipt')});

	isnt($status, 0, "refused: $wrong");
	unlike($err, qr/\Q$secret\E|\Q$receipt\E/, 'and the error shows no credential');
}
my $url = $hook->url;

sql(qq{SELECT portatext.create_carrier('k', 'kannel',
	'{"url": "$url/cgi-bin/sendsms", "dlr_url": "http://127.0.0.1:9"}', 'u', '$secret', '$receipt')});
my ($status, $out, $err) = $node->psql('postgres',
	qq{SELECT portatext.create_carrier('k', 'loopback', '{}', 'u', '$secret', '$receipt')});
like($err, qr/already exists/, 'the name is taken');

# A message is handed over; the answer stops the carrier.
sql(q{
	SELECT portatext.create_account('shop') AS shop \gset
	SELECT portatext.assign_did('+12025550101', :shop);
	SELECT portatext.set_tariff('', 1);
	SELECT portatext.recharge(10, 'first', :shop);
	SET portatext.account_id = :shop;
	SELECT portatext.send_sms('+12025550199', 'Hello there');
});
ok($node->wait_sql('SELECT count(*) FROM portatext.carrier_stop', 1), 'the gateway\'s answer stops the carrier');
like(($hook->requests)[0]{path} // '', qr/\Q$secret\E/, 'the gateway has had the password');

# The password must be where it belongs, and only there.
is(sql('SELECT password FROM portatext.carrier_secret'), $secret, 'operators can read it');
my $tables = sql(q{SELECT string_agg(format('SELECT t::text FROM portatext.%I t', relname), ' UNION ALL ')
	FROM pg_class WHERE relnamespace = 'portatext'::regnamespace AND relkind IN ('r', 'v')
	AND relname <> 'carrier_secret'});
unlike(sql($tables), qr/\Q$secret\E|\Q$receipt\E/, 'no other table or view holds it');
is(sql(qq{SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%' || 'Hush-' || '%' AND pid <> pg_backend_pid()}),
	0, 'no worker shows it');
$node->stop;
my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile);
like($log, qr/not set up correctly/, 'the log has the errors');
unlike($log, qr/\Q$secret\E|\Q$receipt\E/, 'and no credential');
done_testing();
