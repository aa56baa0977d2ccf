# Programs that load a server: libcurl alone (curlclient.c) and pgbench.  Each has an end.
package Bench::Client;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(requests pgbench in_flight kannel_query percentile median);

sub in_flight { return 32 }

# Requests a second that libcurl gets answered.  Options: url ({} stands for the
# number of the request, or for the line of the file lines), count, warm_up (so many
# more before), at_once, header (one, or an array), body (of a POST; {} as in the url).
sub requests
{
	my ($stage, %opt) = @_;
	my @command = ('timeout', '-k', '5', '310', $stage->program('curlclient'));

	push @command, map { ('-H', $_) } ref $opt{header} ? @{ $opt{header} } : $opt{header} // ();
	push @command, '-d', $opt{body} if defined $opt{body};
	push @command, '-f', $opt{lines} if $opt{lines};
	push @command, '-w', $opt{warm_up} if $opt{warm_up};
	push @command, $opt{url}, $opt{count}, $opt{at_once} || in_flight();
	open my $out, '-|', @command or die "curlclient: $!\n";
	my ($done, $seconds) = split ' ', scalar(<$out>) // '';

	close $out or die 'curlclient failed: ' . ($done // 0) . " of $opt{count} requests have ended, not all with 2xx\n";
	return $done / $seconds;
}

# What the adapter for Kannel puts into a request, with the number at its place.
sub kannel_query
{
	my (%opt) = @_;
	my $receipts = '%3Fid%3D01234567-89ab-7cde-8f01-23456789abcd%26part%3D1%26type%3D%25d%26answer%3D%25A%26event%3D%25I';
	my $dlr = $opt{receipts} =~ s{//}{//bench:secret@}r =~ s{([:/@])}{sprintf '%%%02X', ord $1}ger;

	return "?dlr-mask=31&username=$opt{user}&password=$opt{password}&priority=1&from=%2B12015550100&to=$opt{to}"
	  . "&dlr-url=${dlr}%2Freceipt%2Fbench$receipts&coding=0&charset=UTF-8"
	  . '&text=Your%20table%20is%20ready%2C%20see%20you%20at%208.%20Call%20us%20when%20you%20are%20late.';
}

# Transactions a second.  The length is a time in seconds, or count transactions of
# each client. Options: script, clients, seconds or count, connection,
# settings.
sub pgbench
{
	my ($stage, %opt) = @_;
	my $file = $stage->work . '/pgbench.sql';
	my $clients = $opt{clients} || 1;
	my $connection = $opt{connection};

	$connection .= " options='" . join(' ', map { "-c $_" } @{ $opt{settings} }) . q{'} if $opt{settings};
	open my $f, '>', $file or die "$file: $!\n";
	print $f $opt{script};
	close $f or die "$file: $!\n";
	my @length = $opt{count} ? ('-t', $opt{count}) : ('-T', $opt{seconds});
	my @command = ('timeout', '-k', '5', '800', 'pgbench', '-n', '-c', $clients, '-j', $clients > 1 ? 2 : 1,
		@length, '-M', 'prepared', '-f', $file, $connection);

	open my $out, '-|', @command or die "pgbench: $!\n";
	my $text = join '', <$out>;
	my $whole = close $out;

	return $1 if $whole && $text =~ /tps = ([\d.]+)/;
	die "pgbench failed\n";
}

# ---- figures ----

sub percentile
{
	my ($share, @value) = @_;
	my @sorted = sort { $a <=> $b } @value;

	return $sorted[ int($#sorted * $share + 0.5) ];
}

sub median { return percentile(0.5, @_) }

1;
