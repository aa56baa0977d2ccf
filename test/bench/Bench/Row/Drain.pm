# The hand-over with every re-check and outcome, one dispatcher, to the sink, beside
# libcurl's multi interface alone with the same requests.
package Bench::Row::Drain;

use strict;
use warnings;

use Bench::Client qw(median kannel_query);
use Bench::Drain qw(drain warm_up);
use Bench::Size qw(size);

sub measure
{
	my ($stage, $table) = @_;
	my $database = $stage->database;
	my $n = size('N');
	my $url = $stage->sink->url;
	my (@ours, @theirs);

	$database->dispatcher;
	$database->stop_workers;
	for (1 .. size('ROUNDS'))
	{
		push @theirs, Bench::Client::requests($stage, count => $n, warm_up => warm_up($n), url => "$url/cgi-bin/sendsms"
			  . kannel_query(user => 'bench', password => 'bench', receipts => $url, to => '%2B1201{}'));
		$database->queue($n + warm_up($n));
		push @ours, drain($stage, $database, $n, whole => 1);
		$database->forget;
	}
	$table->pair('hand-over, with outcomes', median(map { $_->{rate} } @ours), '/s',
		'libcurl alone, same requests, same sink', median(@theirs), '>= 0.45');
	$table->fact('processor time of the dispatcher a message', median(map { $_->{dispatcher_us} } @ours), 'us', '<= 80');
	$table->fact('processor time of the whole server a message', median(map { $_->{server_us} } @ours), 'us');
	return;
}

1;
