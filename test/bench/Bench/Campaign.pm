# Contacts, lists and campaigns of a bench database (Bench::Database): made, built,
# waited for.
package Bench::Campaign;

use strict;
use warnings;

use Exporter qw(import);
use Time::HiRes qw(time sleep);

our @EXPORT_OK = qw(make_list make_campaign build_seconds wait_run forget_campaigns);

# A list of n contacts with a variable each, in eight area codes of six time zones.
# The rows are put in place by hand: how long that takes is not what is measured.
sub make_list
{
	my ($database, $name, $n) = @_;

	$database->app("SELECT portatext.create_contact_list('$name')");
	$database->sql(qq{INSERT INTO portatext.contact (version, number, account_id, variables)
		SELECT l.version, contact_number(i), l.account_id, jsonb_build_object('name', 'Customer ' || i)
		FROM portatext.contact_list l, generate_series(1, $n) i WHERE l.name = '$name' ORDER BY contact_number(i) COLLATE "C"});
	$database->sql('VACUUM (ANALYZE) portatext.contact');
	return;
}

# A campaign for the list, with a variable in its text; its number.  Options as for
# create_campaign, in SQL.
sub make_campaign
{
	my ($database, $list, %opt) = @_;
	my $more = join '', map { ", $_ => $opt{$_}" } sort keys %opt;

	return $database->app("SELECT portatext.create_campaign('bench', body => 'Hello {{name}}, your table is ready, see you at 8.', lists => '{$list}'$more)");
}

# Waits until the campaign's run is in that state; when that was.
sub wait_run
{
	my ($database, $campaign, $state) = @_;
	my $asked = "SELECT state FROM portatext.campaign_run WHERE campaign_id = $campaign ORDER BY ord DESC LIMIT 1";
	my $now;

	while (($now = $database->app($asked)) ne $state)
	{
		die "the run is $now instead of $state\n" if $now =~ /^(?:failed|cancelled|finished)$/;
		sleep 0.01;
	}
	return time;
}

# How long the runner takes for a campaign of the list, from the request until it is ready.
sub build_seconds
{
	my ($database, $list, %opt) = @_;
	my $begin = time;
	my $campaign = make_campaign($database, $list, %opt);

	return (wait_run($database, $campaign, 'ready') - $begin, $campaign);
}

sub forget_campaigns
{
	my ($database) = @_;

	$database->sql(q{DO $$ BEGIN EXECUTE (SELECT 'TRUNCATE ' || string_agg(oid::regclass::text, ', ') FROM pg_class
		WHERE relnamespace = 'portatext'::regnamespace AND relkind = 'r' AND relname LIKE 'campaign%'); END $$});
	$database->sql('CHECKPOINT');
	return;
}

1;
