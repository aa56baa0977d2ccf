# What stands below send_sms: the same rows into copies of the same tables, with
# their indexes and constraints, in one statement.
package Bench::Plain;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(insert_list insert_next);

# The rows of the first n recipients of the list.
sub insert_list
{
	my ($n) = @_;
	return insert_from("SELECT portatext.uuid7() AS message_id, l.number AS to_number, words() AS body FROM list l WHERE l.i <= $n");
}

# The rows of one message.
sub insert_next
{
	return insert_from(q{SELECT portatext.uuid7() AS message_id, recipient(nextval('turn')) AS to_number, words() AS body});
}

# No function stands between: the query is a part of the statement.
sub insert_from
{
	my ($query) = @_;

	return "WITH r AS MATERIALIZED ($query),"
	  . ' l AS (INSERT INTO plain_ledger (account_id, reference, kind, amount, created_at)'
	  . " SELECT 1, message_id, 'charge', -1, now() FROM r),"
	  . ' o AS (INSERT INTO plain_outbox (lane, due, message_id, to_number)'
	  . ' SELECT 2, now(), message_id, to_number FROM r)'
	  . ' INSERT INTO plain_message (message_id, account_id, carrier_id, segments, cost, from_number,'
	  . ' to_number, encoding, body, created_at)'
	  . " SELECT message_id, 1, 1, 1, 1, '+12015550100', to_number, 'gsm', body, now() FROM r";
}

1;
