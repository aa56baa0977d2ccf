# gsm_segments beside length(), on the same texts of 160 ASCII characters.
package Bench::Row::Segments;

use strict;
use warnings;

use Bench::Client qw(median);
use Bench::Size qw(size);

sub measure
{
	my ($stage, $table) = @_;
	my $database = $stage->database;
	my $n = size('TEXTS');
	my (@ours, @theirs);

	$database->sql(qq{CREATE TABLE texts AS SELECT rpad('Text number ' || i || ' ', 160, words()) AS body FROM generate_series(1, $n) i});
	$database->sql('VACUUM ANALYZE texts; GRANT SELECT ON texts TO app');
	$database->app('SET max_parallel_workers_per_gather = 0');
	for (0 .. size('ROUNDS') * 2)
	{
		push @theirs, 1000 * $database->app_seconds('SELECT sum(length(body)) FROM texts');
		push @ours, 1000 * $database->app_seconds('SELECT sum(portatext.gsm_segments(body)) FROM texts');
	}
	$table->pair("gsm_segments, $n texts of 160", median(@ours), 'ms', 'length() of the same', median(@theirs), '<= 2');
	return;
}

1;
