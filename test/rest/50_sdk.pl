# The contract of the public SDKs: all 94 operations over HTTP, through nginx and PostgREST,
# by a client that behaves like the SDKs; what they do is asked from the tables.
# The operations and what is expected are in test/lib/SdkTable.pm.
use strict;
use warnings;
use utf8;

use Encode qw(decode encode);
use JSON::PP;
use PortatextNode qw(wait_for);
use PortatextRest;
use SdkClient;
use SdkTable;
use Test::More;

PortatextRest::needed();

my $node = PortatextNode->new_node('sdk', shipped => 1, conf => "timezone = 'UTC'\n");

$node->safe_psql('postgres', 'CREATE EXTENSION portatext');
my $rest = PortatextRest->start($node);
my ($shop, $rival, $poor) = ($rest->account('shop'), $rest->account('rival'), $rest->account('poor', 1));
my %known = (account => $shop, rival => $rival, poor => $poor);
my %same;

sub sql { return decode('UTF-8', $node->safe_psql('postgres', encode('UTF-8', $_[0]))) }
sub did { return ltrim(sql("SELECT min(number) FROM portatext.did WHERE account_id = $_[0]")) }
sub ltrim { return $_[0] =~ s/^\+//r }

# ---- what is there before ----

sql("SELECT portatext.assign_did('+12025550190', $shop)");
@known{qw(did did2 poor_did)} = (did($shop), '12025550190', did($poor));
sql(q{SELECT portatext.create_short_code('US', '55512', ARRAY['US', 'CA'])});
$known{service} = $rest->sql_for($shop, q{SELECT portatext.request_service('SHOP', 'US', 'marketing', false, 18, 30, 'News',
	ARRAY['SHOP: news'], ARRAY['SHOP'], 'https://shop.example', '+12025550100')});
sql("SELECT portatext.approve_service($known{service}, '55512', true)");
$rest->sql_for($shop, "SELECT portatext.activate_service($known{service})");
$rest->sql_for($shop, q{SELECT portatext.add_subscriber('SHOP', '+12223334491', 'web', '{"url": "https://shop.example"}', 'Yes, I want news', false)});
$rest->sql_for($shop, q{SELECT portatext.blacklist_add('+12223334490')});
$rest->sql_for($shop, q{SELECT portatext.create_user('ana@shop.example', 'first password 1')});

my @port = (port => $rest->{nginx_port});
my %client = (
	shop => SdkClient->new(@port, key => $rest->key($shop), basic => [ 'ana@shop.example', 'first password 1' ]),
	wrong => SdkClient->new(@port, basic => [ 'ana@shop.example', 'guessed' ]),
	rival => SdkClient->new(@port, key => $rest->key($rival)),
	poor => SdkClient->new(@port, key => $rest->key($poor)),
	listed => SdkClient->new(@port, key => $rest->key($shop, addresses => 'NULL')));

# ---- one entry of the table ----

# Text with what is known put in for {name}.
sub filled
{
	my ($text) = @_;
	return $text =~ s/\{(\w+)\}/exists $known{$1} ? $known{$1} : "{$1}"/ger;
}

# The same in data; the text "#{name}" becomes a number.
sub filled_data
{
	my ($data) = @_;

	return { map { $_ => filled_data($data->{$_}) } keys %$data } if ref $data eq 'HASH';
	return [ map { filled_data($_) } @$data ] if ref $data eq 'ARRAY';
	return $data if ref $data || !defined $data;
	return $known{$1} + 0 if $data =~ /^#\{(\w+)\}$/;
	return $data =~ /^\d+$/ ? $data : filled($data);
}

sub request
{
	my ($method, $path, %o) = @_;
	my %call = (as => $o{as}, accept => $o{accept});

	if (exists $o{json}) { $call{body} = JSON::PP->new->utf8->encode(filled_data($o{json})) }
	if (exists $o{content}) { $call{body} = $o{content} }
	if (exists $o{csv}) { @call{qw(type body)} = ('text/csv', $o{csv}) }
	if (exists $o{audio}) { @call{qw(type body)} = ('audio/mpeg', $o{audio}) }
	delete @call{ grep { !defined $call{$_} } keys %call };
	return $client{ $o{by} // 'shop' }->call($method, filled($path), %call);
}

# A member of the answer: "campaigns.0.id".
sub member
{
	my ($data, $path) = @_;

	for my $step (split /\./, $path)
	{
		$data = ref $data eq 'ARRAY' ? $data->[$step] : ref $data eq 'HASH' && exists $data->{$step} ? $data->{$step} : return 'missing';
	}
	return $data;
}

my %type = (
	int => sub { encode_json([ $_[0] ]) =~ /^\[-?\d+\]$/ },
	number => sub { encode_json([ $_[0] ]) =~ /^\[-?[\d.]+\]$/ },
	text => sub { !ref $_[0] && defined $_[0] && encode_json([ $_[0] ]) =~ /^\["./ && $_[0] ne 'missing' },
	bool => sub { JSON::PP::is_bool($_[0]) },
	list => sub { ref $_[0] eq 'ARRAY' && @{ $_[0] } > 0 },
	array => sub { ref $_[0] eq 'ARRAY' },
	none => sub { ref $_[0] eq 'ARRAY' && @{ $_[0] } == 0 },
	object => sub { ref $_[0] eq 'HASH' },
	null => sub { !defined $_[0] });

# What is wrong with the members of an answer.
sub wrong_members
{
	my ($answer, $has) = @_;
	my @wrong;

	for my $path (sort keys %$has)
	{
		my ($got, $want) = (member($answer, $path), $has->{$path});
		my $good =
			ref $want ? defined $got && !ref $got && $got =~ $want
		  : exists $type{$want} ? $type{$want}->($got)
		  : defined $got && !ref $got && $got eq filled($want =~ s/^#//r);

		push @wrong, "$path is " . (ref $got ? encode_json($got) : $got // 'null') . ", wanted: $want" unless $good;
	}
	return @wrong;
}

# The list in the answer: the only member that is one.
sub wrapped
{
	my ($answer) = @_;
	my @lists = grep { ref eq 'ARRAY' } values %{ $answer || {} };

	return @lists == 1 ? $lists[0] : undef;
}

sub check_answer
{
	my ($answer, %o) = @_;
	my @wrong;
	my $json = $answer->{json};

	push @wrong, "status $answer->{status}" if $answer->{status} != ($o{status} // 200);
	push @wrong, wrong_members($json, $o{has}) if $o{has};
	push @wrong, 'no list' if exists $o{wrapped} && !(wrapped($json) && !!@{ wrapped($json) } == !!$o{wrapped});
	push @wrong, wrong_members((wrapped($json) || [])->[0], $o{one}) if $o{one};
	push @wrong, "the reason does not fit $o{why}" if $o{why} && join(' ', @{ ($json || {})->{error_description} || [] }) !~ $o{why};
	push @wrong, "the file is another one, of type $answer->{type}"
	  if defined $o{audio_is} && ($answer->{body} ne $o{audio_is} || $answer->{type} !~ m{^audio/mpeg});
	push @wrong, "Content-Type $answer->{type}" if $o{csv_has} && $answer->{type} !~ m{^text/csv};
	push @wrong, "the body does not fit $o{csv_has}" if $o{csv_has} && $answer->{body} !~ $o{csv_has};
	push @wrong, 'another answer than before: ' . $same{ $o{same} }
	  if $o{same} && ($same{ $o{same} } //= "$answer->{status} $answer->{body}") ne "$answer->{status} $answer->{body}";
	return @wrong;
}

# The last line that the statement gives.
sub last_line { return (split /\n/, $_[0])[-1] // '' }

sub check_effect
{
	my (%o) = @_;
	my $got;

	return () unless exists $o{is};
	if ($o{then}) { return wait_sql($o{then}, $o{is}) }
	$got = $o{of_account} ? last_line(decode('UTF-8', $rest->sql_for($shop, filled($o{of_account})))) : sql(filled($o{sql}));
	return $got eq filled($o{is}) ? () : "the tables say \"$got\", wanted \"" . filled($o{is}) . '"';
}

sub wait_sql
{
	my ($sql, $is) = @_;
	my $got;

	wait_for { ($got = sql(filled($sql))) eq $is } 30;
	return $got eq $is ? () : "waited for \"$is\", the tables say \"$got\"";
}

sub run_entry
{
	my ($n, $method, $path, %o) = @_;
	my $client = $client{ $o{by} // 'shop' };
	my @wrong;

	$known{$_} = last_line(sql(filled($o{know}{$_}))) for keys %{ $o{know} || {} };
	sql(filled($o{before})) if $o{before};
	push @wrong, wait_sql($o{wait}, $o{until}) if $o{wait};
	my $answer = request($method, $path, %o);
	push @wrong, check_answer($answer, %o), $client->complaints;
	$client->{basic}[1] = $o{password} if $o{password};
	for my $name (keys %{ $o{save} || {} })
	{
		my $value = member($answer->{json}, $o{save}{$name});
		$known{$name} = $value unless ref $value || !defined $value;
	}
	push @wrong, eval { check_effect(%o) };
	push @wrong, "the question to the tables failed: $@" if $@;
	return ("$n $method " . ($path =~ s/\?.*//r) . what($n, %o), $answer, @wrong);
}

# What sets this form of the operation apart.
sub what
{
	my ($n, %o) = @_;

	return join '', $o{by} ? " by $o{by}" : '', exists $o{csv} ? ' from CSV' : '', $o{accept} ? " as $o{accept}" : '',
	  $o{as} ? " with $o{as}" : '', ($o{status} // 200) == 200 ? '' : " is answered $o{status}";
}

my (%done, %offered);
for my $row (SdkTable::rows())
{
	my ($what, $answer, @wrong) = run_entry(@$row);
	my ($n, $method, $path, %o) = @$row;

	$done{$n}++;
	$offered{$n}++ if ($o{status} // 200) == 200;
	ok(!@wrong, "API-01: $what") or diag(encode('UTF-8', join("\n", @wrong)) . "\n" . substr($answer->{body}, 0, 500));
}
is_deeply([ grep { !$done{$_} } 1 .. 94 ], [], 'API-01: all 94 operations of the SDKs were called');
is(join(' ', grep { !$offered{$_} } 1 .. 94), '60 72 73 74 75 76 77 81 82 83 84 85 86 89',
	'and those that are not offered are lookups, verification, results of jobs, cards, plans and numbers on offer');

# The server's own table of paths says the same.
my $endpoints = $rest->get('/endpoints?select=operation,offered', key => $client{shop}{key})->{json};
is_deeply([ sort { $a <=> $b } keys %{ { map { $_->{operation} => 1 } @$endpoints } } ], [ 1 .. 94 ], 'the view endpoints has the 94');
is_deeply([ grep { my $e = $_; !!$e->{offered} != !!$offered{ $e->{operation} } } @$endpoints ], [], 'and tells which are offered')
  or diag(explain([ grep { my $e = $_; !!$e->{offered} != !!$offered{ $e->{operation} } } @$endpoints ]));

# ---- traps ----

my $sdk = $client{shop};

sub trap
{
	my ($status, $what, @call) = @_;
	my $r = $sdk->call(@call);

	is($r->{status}, $status, "API-03: $what") or diag($r->{body});
	is_deeply([ $sdk->complaints ], [], 'and the SDKs can read the answer');
	return $r;
}

trap(404, 'an unknown path', GET => 'nowhere/7');
trap(404, 'no path', GET => '');
trap(404, 'an id that is none', GET => 'templates/x');
my $allow = trap(405, 'a method that the path has not', PATCH => 'templates');
like($allow->{headers}{allow} // '', qr/GET.*POST|POST.*GET/, 'the header Allow names those that it has');
trap(405, 'DELETE of a list', DELETE => 'contacts');
trap(406, 'CSV of what has none', GET => 'me', accept => 'text/csv');
trap(406, 'a picture', GET => 'contacts', accept => 'image/png');
trap(200, 'Accept with several types', GET => 'contacts', accept => 'text/html, application/json;q=0.9, */*;q=0.1');
trap(200, 'Accept: */*', GET => 'contacts', accept => '*/*');
trap(415, 'a form', POST => 'templates', type => 'application/x-www-form-urlencoded', body => 'name=x');
trap(415, 'CSV where JSON is expected', POST => 'templates', type => 'text/csv', body => "name\nx\n");
trap(415, 'JSON where CSV is expected', PUT => 'contacts', body => '{}');
trap(415, 'audio where JSON is expected', POST => 'templates', type => 'audio/mpeg', body => 'ID3');
trap(200, 'a media type with parameters', GET => 'templates', type => 'application/json; charset=utf-8');
trap(400, 'JSON that is none', POST => 'templates', body => '{"name":');
trap(400, 'JSON that is no object', POST => 'templates', body => '[1]');
trap(400, 'an empty body where one is needed', POST => 'templates');
trap(400, 'text that is not UTF-8', POST => 'templates', body => "{\"name\":\"\xff\"}");
trap(400, 'a page that is none', GET => 'templates?page=zero');
trap(400, 'a broken escape', GET => 'contacts/%zz/variables');
trap(200, 'a slash at the end', GET => 'templates/');
trap(200, 'a question mark at the end', GET => 'templates?');
trap(200, 'GET with a body', GET => 'templates', body => '{"page": 7}');
trap(200, 'unknown parameters', GET => 'templates?utm_source=mail');
trap(400, 'U+0000', POST => 'templates', body => '{"name":"a\u0000b","text":"x"}');
trap(200, 'DELETE with a body', DELETE => 'blacklist/12223334443', body => '{}');

my $text = trap(200, 'text in all planes', POST => 'templates', body => '{"name":"\u00e9\ud83d\ude00","description":"","text":"\u4f60\u597d {{x}}"}');
my $read = trap(200, 'and back', GET => "templates/$text->{json}{id}");
is($read->{json}{name}, "é😀", 'escaped, not lost');
like($read->{body}, qr/\\ud83d\\ude00/i, 'as surrogates');

# 401: who are you; 403: I know, and no.  With a session a 401 makes an SDK log in again.
for my $way ([ key => 'pt_00000000_' . 'x' x 32 ], [ session => 'nonsense' ])
{
	my $stranger = SdkClient->new(@port, @$way, basic => [ 'ana@shop.example', 'guessed' ]);
	my $r = $stranger->exchange(GET => 'templates', $way->[0]);
	is($r->{status}, 401, "API-02: a $way->[0] that is none: 401");
	is_deeply([ $stranger->complaints ], [], 'in the envelope');
}
my $reader = SdkClient->new(@port, key => $rest->key($shop, rights => q{'{read}'}));
is($reader->call(GET => 'templates')->{status}, 200, 'API-02: a key that may read reads');
is($reader->call(POST => 'sms', body => '{"to": "12223334401", "text": "x"}')->{status}, 403, 'and is refused to send: 403');
is($reader->call(PUT => 'acl', body => '{"acl": []}')->{status}, 403, 'and to change the list of addresses');
is_deeply([ $reader->complaints ], [], 'in the envelope');
my $far = SdkClient->new(@port, key => $rest->key($shop, addresses => q{'{192.0.2.0/24}'}));
is($far->call(GET => 'templates')->{status}, 403, 'API-02: an address outside the ACL is answered 403, for 401 the SDKs repeat without end');
my $logins = $sdk->{logins};
sql("UPDATE portatext.api_session SET expires_at = portatext.now() - interval '1 minute'");
is($sdk->call(GET => 'me', as => 'session')->{status}, 200, 'API-02: when a session has ended an SDK logs in again');
is($sdk->{logins}, $logins + 1, 'once');

# API-05: what a request with a session and a request with a key do is the same.
is_deeply($sdk->call(GET => 'templates', as => 'session')->{json}, $sdk->call(GET => 'templates')->{json}, 'API-05: the same by session and by key');
is_deeply([ $sdk->complaints ], [], 'API-03: no answer that would break an SDK');

# A page is 50; pages meet.
$rest->sql_for($shop, q{SELECT count(portatext.create_template('t' || lpad(i::text, 3, '0'), 'text')) FROM generate_series(1, 120) i});
my @names;
for my $page (1 .. 3)
{
	my $r = $sdk->call(GET => "templates?page=$page")->{json};
	is($r->{total_pages}, 3, "page $page of three");
	push @names, map { $_->{name} } @{ $r->{templates} };
}
is(scalar(@names), sql("SELECT count(*) FROM portatext.template WHERE account_id = $shop"), 'pages have everything');
is(scalar(keys %{ { map { $_ => 1 } @names } }), scalar(@names), 'once');
is_deeply([ $sdk->complaints ], [], 'readable');

$rest->stop;
$node->stop;
done_testing();
