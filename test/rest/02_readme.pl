# The REST lines of the README and of docs/api.md work when pasted.
use strict;
use warnings;

use File::Path qw(make_path);
use JSON::PP;
use PortatextNode;
use PortatextRest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

PortatextRest::needed();

my $node = PortatextNode->new_node('readme', shipped => 1);
my $dir = $node->basedir . '/pasted';
my ($port, $socket, $pg_port) = (PostgreSQL::Test::Cluster::get_free_port(), $node->host, $node->port);
my ($readme) = grep { /postgrest/ } slurp_file('README.md') =~ /^```sh\n(.*?)^```$/msg;
my @api = slurp_file('docs/api.md') =~ /^```sh\n(.*?)^```$/msg;
my $conf = slurp_file('docs/postgrest.conf');

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
$node->safe_psql('postgres', $_) for slurp_file('docs/api.md') =~ /^```sql\n(.*?)^```$/msg;

# The machine of a reader: sudo asks nothing, npm brings the program that the tests have.
make_path("$dir/bin", "$dir/docs");
sub program
{
	my ($name, $text) = @_;

	append_to_file("$dir/bin/$name", "#!/bin/sh\n$text\n");
	chmod 0755, "$dir/bin/$name";
	return;
}
program('sudo', 'shift 2; exec "$@"');
program('npm', 'd=$3/node_modules/${4%@*}; mkdir -p "$d"; ln -s ' . PortatextRest::postgrest() . ' "$d/postgrest"');

# Its server listens on TCP and this one does not; port 3000 may be taken.
$conf =~ s{\@127\.0\.0\.1:5432/postgres}{\@/postgres?host=$socket&port=$pg_port} or die 'db-uri';
$conf =~ s/^server-port = 3000$/server-port = $port/m or die 'server-port';
append_to_file("$dir/docs/postgrest.conf", $conf);
$readme =~ s/127\.0\.0\.1:3000/127.0.0.1:$port/g;
cmp_ok(scalar(split /\n/, $readme), '<=', 10, 'ten lines');

my $script = join "echo; echo ----\n", $readme, @api;

append_to_file("$dir/script", "set -u\ntrap 'kill \$!' EXIT\n${script}echo; echo ----\n");
my ($out, $err) = ('', '');
{
	local %ENV = (%ENV, PATH => "$dir/bin:$ENV{PATH}", PGHOST => $socket, PGPORT => $pg_port, PGUSER => 'postgres',
		no_proxy => '*');

	IPC::Run::run([ 'sh', '-c', 'cd "$0" && exec sh script', $dir ], '>', \$out, '2>', \$err, IPC::Run::timeout(60));
}
my @parts = split /^----\n/m, $out;

is(scalar @parts, 1 + @api, 'all of it ran') or diag($out);
unlike($err, qr/curl:/, 'curl was answered each time');
unlike($out, qr/"code":/, 'and never with an error') or diag($out);
is(eval { decode_json(slurp_file("$dir/build/openapi.json"))->{info}{title} }, 'PortaText', 'README: the API describes itself');
like($parts[0], qr/"to":"12223334444"/, 'README: the message is in the list');
is($node->safe_psql('postgres', q{SELECT count(*) FROM portatext.message WHERE client_ref IS NULL}), 2,
	'README sends one, and what is repeated with its key is done once');
is($node->safe_psql('postgres', q{SELECT count(*) FROM portatext.message WHERE client_ref = 'order 7'}), 1, 'the third');
diag($err) unless Test::More->builder->is_passing;
$node->stop;
done_testing();
