# test_trunk() asks a real HTTP engine whether it is there, places no call, and does not
# wait longer than the engine's timeout.
use strict;
use warnings;

use HttpHook;
use JSON::PP;
use PortatextNode;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = PortatextNode->new_node('trunk');
my $hook = HttpHook->start(body => '{"message": "all well"}');
my $url = $hook->url;
my $nobody = PostgreSQL::Test::Cluster::get_free_port();

sub sql { return $node->safe_psql('postgres', @_) }

sql('CREATE EXTENSION portatext; UPDATE portatext.account SET sandbox = false WHERE account_id = portatext.current_account()');
sql(qq{
	SELECT portatext.create_engine('gate', 'gateway', '{"url": "$url", "callback_url": "http://127.0.0.1:9"}', password => 'secret', timeout => '1 s');
	SELECT portatext.create_engine('none', 'gateway', '{"url": "http://127.0.0.1:$nobody", "callback_url": "http://127.0.0.1:9"}', password => 'secret', timeout => '1 s')});
my $trunk = sql(q{SELECT portatext.create_trunk('main', '192.0.2.1')});
my $dead = sql(q{SELECT portatext.create_trunk('dead', engine => 'none')});

sub ask { return decode_json(sql("SELECT portatext.test_trunk($_[0])")) }

# The default engine is the operator's first, not the built-in one.
is(sql("SELECT engine FROM portatext.trunks WHERE trunk_id = $trunk"), 'gate', 'a trunk without a name of an engine gets the first');
my $answer = ask($trunk);

ok($answer->{reachable} && $answer->{latency_ms} >= 0, 'the engine is there');
is($answer->{said}, 'all well', 'and what it says is shown');
my @requests = $hook->requests;

is(scalar @requests, 1, 'one request');
is("$requests[0]{method} $requests[0]{path}", 'GET /v1/health', 'that places no call');
$hook->behave(status => 503, body => '{"message": "full"}');
$answer = ask($trunk);
ok(!$answer->{reachable}, 'an engine that takes no calls is not');
like($answer->{problem}, qr/^503: full/, 'and says why');
$hook->behave(delay => 30);
$answer = ask($trunk);
ok(!$answer->{reachable} && $answer->{problem} =~ /timeout/, 'one that does not answer is given up') or diag(explain($answer));
$answer = ask($dead);
ok(!$answer->{reachable} && $answer->{problem} =~ /connect/, 'where nobody listens nobody is reached') or diag(explain($answer));
$hook->behave(delay => 30);
sql(q{SELECT portatext.alter_engine('gate', timeout => '20 s')});
my ($out, $err);

isnt($node->psql('postgres', "SET statement_timeout = '500ms'; SELECT portatext.test_trunk($trunk)", stdout => \$out, stderr => \$err, on_error_stop => 1), 0,
	'a statement that is cancelled ends');
like($err, qr/canceling statement due to statement timeout/, 'while it waits for the engine');
$hook->stop;
$node->stop;
done_testing();
