# docs/operations.md tells all: every message that the code can write to the log,
# every setting, every view, every problem that health() names.
use strict;
use warnings;

use File::Find;
use PortatextNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $written = slurp_file('docs/operations.md');

# What ereport() writes without ending a transaction, as "LEVEL message".
sub messages_of
{
	my ($text) = @_;
	my %found;

	while ($text =~ /\b(?:ereport|elog)\((LOG|WARNING|NOTICE|INFO|FATAL|PANIC),(.*?);\n/sg)
	{
		my ($level, $call) = ($1, $2);
		my $message = $call =~ /errmsg\(((?:\s*"(?:[^"\\]|\\.)*"|\s*\w+64\w+)+)/s ? $1 : $call;

		$message = join '', $message =~ /"((?:[^"\\]|\\.)*)"/g;
		$message =~ s/\\"/"/g;
		$found{"$level $message"} = 1;
	}
	$found{"\u\L$1"} = 1 while $text =~ /\bRAISE\s+(LOG|WARNING|NOTICE|INFO)\b/g;
	return keys %found;
}

is(join(', ', messages_of(qq{ereport(LOG,\n (errcode(X),\n errmsg("a \\"%s\\""\n " b"),\n errhint("c")));\n})), 'LOG a "%s" b',
	'a message is read whole');
my %in_source;

find({ no_chdir => 1, wanted => sub {
	return unless /\.(?:c|cpp|sql)$/;
	$in_source{$_} = 1 for messages_of(slurp_file($_));
} }, 'src');
cmp_ok(scalar keys %in_source, '>', 5, 'the source has log messages');
my %in_table = map { $_ => 1 } $written =~ /^\| ([A-Z]+ \| `.*?)` \|/mg;

%in_table = map { s/ \| `/ /r => 1 } keys %in_table;
is(join("\n", grep { !$in_table{$_} } sort keys %in_source), '', 'every log message of the source is in the table');
is(join("\n", grep { !$in_source{$_} } sort keys %in_table), '', 'every log message of the table is in the source');

my $node = PortatextNode->new_node('operations', shipped => 1);

sub missing
{
	my ($query) = @_;

	return join ', ', grep { index($written, $_) < 0 } split /\n/, $node->safe_psql('postgres', $query);
}

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
is(missing(q{SELECT '| `' || name || '` |' FROM pg_settings
	WHERE name LIKE 'portatext.%' AND name <> 'portatext.clock_offset' ORDER BY name}), '',
	'every setting has a line');
is(missing(q{SELECT 'portatext.' || relname FROM pg_class
	WHERE relnamespace = 'portatext'::regnamespace AND relkind = 'v' ORDER BY relname}), '', 'every view is named');
my %problem = map { $_ => 1 } slurp_file('src/worker/health.sql') =~ /SELECT (?:'(?:critical|warning)'|CASE .*? END), '(\w+?)_?'/g;

cmp_ok(scalar keys %problem, '>', 15, 'health() names problems');
is(join(', ', grep { $written !~ /^\| `$_/m } sort keys %problem), '', 'every problem has a line');

# Each of them is provoked by a test: by real workers or a real server in test/e2e
# (ill, problem), else with rows in sql/retention.sql.
my $provoked = slurp_file('expected/retention.out');

$provoked .= join ' ', slurp_file($_) =~ /^\t*(?:ill|problem)\('(\w+)'/mg for glob 'test/e2e/*.pl';
is(join(', ', grep { $provoked !~ /\b$_(?:\b|_)/ } sort keys %problem), '', 'every problem is provoked by a test');

$node->stop;
done_testing();
