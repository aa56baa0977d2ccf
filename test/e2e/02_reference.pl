# docs/reference.md says what the catalog says, and the guides name no function,
# setting or table that does not exist.
use strict;
use warnings;

use PortatextNode;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PortatextNode->new_node('reference', shipped => 1);

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
my ($now) = run_command([ 'psql', '-XAtq', '-f', 'tools/reference.sql', $node->connstr('postgres') ]);
my $written = slurp_file('docs/reference.md');

$written =~ s/\s+\z//;
ok($now eq $written, 'docs/reference.md is what tools/reference.sql prints')
  or diag('run: psql -XAtq -f tools/reference.sql > docs/reference.md');

my %known = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', q{
	SELECT proname FROM pg_proc WHERE pronamespace = 'portatext'::regnamespace
	UNION SELECT relname FROM pg_class WHERE relnamespace = 'portatext'::regnamespace
	UNION SELECT typname FROM pg_type WHERE typnamespace = 'portatext'::regnamespace
	UNION SELECT substr(name, 11) FROM pg_settings WHERE name LIKE 'portatext.%'});

# Names that are no objects of the extension: files, the test build's setting.
my %other = map { $_ => 1 } qw(control clock_offset html so sql c h git conf);

for my $file ('README.md', glob('docs/*.md'))
{
	next if $file =~ /requirements|performance/;
	my %missing;

	for my $name (slurp_file($file) =~ /\bportatext\.([a-z][a-z0-9_]*)/g)
	{
		$missing{$name} = 1 unless $known{$name} || $other{$name};
	}
	is(join(', ', sort keys %missing), '', "$file names nothing that does not exist");
}

$node->stop;
done_testing();
