# The build of a campaign (render, count segments, price, blacklist, deduplicate, time
# zone) by the runner, beside one INSERT ... SELECT of the rows that come out of it; and
# the same build with a very long blacklist.
package Bench::Row::Build;

use strict;
use warnings;

use Bench::Campaign qw(make_list build_seconds forget_campaigns);
use Bench::Client qw(median);
use Bench::Size qw(size);

my $schedule = q{'{"any_day": {"from": "09:00", "to": "20:00"}}'};

sub measure
{
	my ($stage, $table) = @_;
	my ($n, $long) = (size('MANY'), size('BACKLOG'));
	my %database = map { $_ => $stage->database } qw(empty listed);
	my (%ours, @theirs);

	make_list($_, 'customers', $n) for values %database;
	blacklist($database{listed}, $long);
	$database{empty}->sql('CREATE TABLE plain_recipient (LIKE portatext.campaign_recipient INCLUDING ALL) WITH (fillfactor = 85)');
	for (1 .. size('ROUNDS'))
	{
		for my $which (sort keys %database)
		{
			my ($seconds, $campaign) = build_seconds($database{$which}, 'customers', schedule => $schedule);

			push @{ $ours{$which} }, $seconds;
			push @theirs, insert_seconds($database{$which}, $campaign, $n) if $which eq 'empty';
			forget_campaigns($database{$which});
		}
	}
	$table->pair("build of a campaign, $n contacts", median(@{ $ours{empty} }), 's',
		'INSERT ... SELECT of the resulting rows', median(@theirs), '<= 3');
	$table->pair("the same, $long numbers blacklisted", median(@{ $ours{listed} }), 's',
		'the same, none is', median(@{ $ours{empty} }), '<= 1.3');
	return;
}

# The rows of the campaign into a copy of their table, with its indexes.
sub insert_seconds
{
	my ($database, $campaign, $n) = @_;
	my $run = $database->sql("SELECT run_id FROM portatext.campaign_run WHERE campaign_id = $campaign");

	$database->sql('TRUNCATE plain_recipient; CHECKPOINT');
	my $seconds = $database->{watch}->seconds("INSERT INTO plain_recipient SELECT * FROM portatext.campaign_recipient WHERE run_id = $run");

	die "the campaign has not $n recipients\n" unless $database->sql('SELECT count(*) FROM plain_recipient WHERE place IS NOT NULL') == $n;
	return $seconds;
}

# None of the contacts is among them, but they lie between the contacts.
sub blacklist
{
	my ($database, $n) = @_;

	$database->sql(qq{INSERT INTO portatext.blacklist (account_id, number) SELECT account_id, contact_number(i, 1)
		FROM portatext.account, generate_series(1, $n) i WHERE name = 'bench' ORDER BY contact_number(i, 1) COLLATE "C"});
	$database->sql('VACUUM (ANALYZE) portatext.blacklist; CHECKPOINT');
	return;
}

1;
