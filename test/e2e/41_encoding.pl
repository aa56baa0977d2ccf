# A database whose encoding is not UTF-8: texts are counted, handed over and answered
# by their characters (GSM-01).
use strict;
use warnings;

use PortatextNode;
use Test::More;

my $node = PortatextNode->new_node('encoding');

$node->safe_psql('postgres',
	q{CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});

sub sql { return $node->safe_psql('latin', "SET client_encoding = 'UTF8'; SET client_min_messages = error; $_[0]") }

sql('CREATE EXTENSION portatext');

# 0010 answers with a text of its own.
my $id = sql(q{SELECT portatext.send_sms('+12025550010', 'Señor José: así')});

is(sql(qq{SELECT encoding, segments, char_length(body) FROM portatext.message WHERE message_id = '$id'}),
	'ucs2|1|15', 'a text is counted by its characters');
ok($node->wait_sql(qq{SELECT state FROM portatext.message WHERE message_id = '$id'}, 'delivered', 'latin'),
	'it is delivered');
ok($node->wait_sql(q{SELECT count(*) FROM portatext.message WHERE inbound}, '1', 'latin'), 'and answered');
is(sql(q{SELECT body = 'reply to: Señor José: así' FROM portatext.message WHERE inbound}), 't',
	'by the same characters');

is(sql(q{SELECT portatext.render_template('Señor {{año}}', '{"año": "José"}'), portatext.template_variables('é {{año}}')}),
	'Señor José|{año}', 'TPL-02: variables have names and values of the same characters');
is(sql(q{SELECT char_length(portatext.render_template('Señor {{año}}', '{"año": "é"}'))}), 7, 'of one byte each');

$node->stop;
done_testing();
