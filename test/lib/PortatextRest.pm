# PostgREST, and nginx in front of it, before a server of PortatextNode; and a small
# HTTP client.
#
#   use PortatextRest;
#   my $rest = PortatextRest->start($node);      # skips the test where PostgREST is not
#   my $key = $rest->key($rest->account('shop'));
#   my $r = $rest->post('/rpc/send_sms', key => $key, json => { to => '12223334444', text => 'hi' });
#   $r->{status}, $r->{json}, $r->{content}, $r->{headers}
#   $rest->get('/messages?limit=3', key => $key, via => 'nginx');
#
# They run with docs/postgrest.conf and docs/nginx.conf as shipped, in which only the
# lines are changed that an installation changes too (addresses, the JWT secret), and
# with the roles of the comment in docs/postgrest.conf.  Every wait has an end.
package PortatextRest;

use strict;
use warnings;

use File::Path qw(make_path);
use HTTP::Tiny;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster ();
use PostgreSQL::Test::Utils ();
use Test::More import => ['diag'];
use Time::HiRes qw(time sleep);

our $WAIT = 30;                       # seconds
our $SECRET = 'a secret of 32 characters, or more';

my $started = 0;
my @all;

# Options: db (default postgres), nginx (default 1: start it), pool, conf (further lines
# for PostgREST), jwt (0: no secret).  The database has the extension already.
sub start
{
	my ($class, $node, %opt) = @_;
	my $self = bless {
		node => $node, db => $opt{db} // 'postgres', owner => $$, pids => {},
		dir => sprintf('%s/rest%d', $ENV{TESTDIR} || '.', ++$started),
		http => HTTP::Tiny->new(timeout => $WAIT, proxy => undef, http_proxy => undef, keep_alive => 1)
	}, $class;

	needed();
	push @all, $self;
	make_path($self->{dir});
	$self->{port} = PostgreSQL::Test::Cluster::get_free_port();
	$self->{admin_port} = PostgreSQL::Test::Cluster::get_free_port();
	$self->set_up_roles;
	$self->start_postgrest(%opt);
	$self->start_nginx if $opt{nginx} // 1;
	return $self;
}

# The program, or undef.
sub postgrest
{
	my ($found) = grep { defined && -x } $ENV{PT_POSTGREST}, "$ENV{PWD}/build/tools/postgrest",
	  map { "$_/postgrest" } split /:/, $ENV{PATH};

	return $found;
}

# Skips the whole test file where something is missing.
sub needed
{
	return if postgrest();
	Test::More::plan(skip_all => 'PostgREST is missing (tools/install-deps check fetches it)');
}

# ---- the servers ----

sub slurp { return PostgreSQL::Test::Utils::slurp_file($_[0]) }

# What the comment in docs/postgrest.conf tells to run.
sub set_up_roles
{
	my ($self) = @_;
	my @statements = slurp('docs/postgrest.conf') =~ /^#\t(.*;)$/mg or die "docs/postgrest.conf: no statements\n";
	my $there = $self->{node}->safe_psql($self->{db}, q{SELECT count(*) FROM pg_roles WHERE rolname = 'authenticator'});

	$self->{node}->safe_psql($self->{db}, "@statements") unless $there;
	return;
}

# The shipped file with the lines changed that are given; a line that is a comment there counts too.
sub configuration
{
	my ($file, %lines) = @_;
	my $text = slurp($file);

	for my $name (keys %lines)
	{
		$text =~ s/^(?:# )?\Q$name\E = .*$/$name = "$lines{$name}"/m or die "$file has no line $name\n";
	}
	return $text;
}

sub start_postgrest
{
	my ($self, %opt) = @_;
	my $node = $self->{node};
	my $conf = configuration('docs/postgrest.conf',
		'db-uri' => sprintf('postgres://authenticator@/%s?host=%s&port=%d', $self->{db}, $node->host, $node->port),
		'server-port' => $self->{port},
		$opt{pool} ? ('db-pool' => $opt{pool}) : (),
		$opt{jwt} // 1 ? ('jwt-secret' => $SECRET) : ());

	PostgreSQL::Test::Utils::append_to_file("$self->{dir}/postgrest.conf",
		$conf . "admin-server-port = $self->{admin_port}\n" . ($opt{conf} // ''));
	$self->run_server('postgrest', postgrest(), "$self->{dir}/postgrest.conf");
	$self->wait_ready or die "PostgREST does not come up\n";
	return;
}

# Waits until PostgREST has its connection and knows the schema.
sub wait_ready
{
	my ($self) = @_;

	return $self->wait_answer('postgrest', "http://127.0.0.1:$self->{admin_port}/ready", 200);
}

# Waits for an answer of that URL, by default any; false with a diagnosis when there is none.
sub wait_answer
{
	my ($self, $name, $url, $status) = @_;
	my $end = time + $WAIT;

	while (time < $end)
	{
		my $got = HTTP::Tiny->new(timeout => 5, proxy => undef, http_proxy => undef)->get($url)->{status};

		return 1 if $status ? $got == $status : $got != 599;
		last if waitpid($self->{pids}{$name}, POSIX::WNOHANG()) != 0;
		sleep 0.05;
	}
	diag("$name: " . slurp("$self->{dir}/$name.log"));
	return 0;
}

# docs/nginx.conf is what stands inside "http"; folders and addresses are this test's.
sub start_nginx
{
	my ($self) = @_;
	my ($dir, $port) = ($self->{dir}, PostgreSQL::Test::Cluster::get_free_port());
	my $site = slurp('docs/nginx.conf');

	$site =~ s/^(\s*)listen\s[^;]*;/${1}listen 127.0.0.1:$port;/mg or die "docs/nginx.conf has no line listen\n";
	$site =~ s/127\.0\.0\.1:3000\b/127.0.0.1:$self->{port}/g or die "docs/nginx.conf does not name PostgREST\n";
	$site =~ s/^\s*ssl_.*$//mg;
	make_path("$dir/nginx");
	PostgreSQL::Test::Utils::append_to_file("$dir/site.conf", $site);
	PostgreSQL::Test::Utils::append_to_file("$dir/nginx.conf", <<"END");
daemon off;
pid $dir/nginx.pid;
error_log stderr;
worker_processes 1;
events { }
http {
	access_log off;
	client_body_temp_path $dir/nginx/body;
	proxy_temp_path $dir/nginx/proxy;
	fastcgi_temp_path $dir/nginx/fastcgi;
	uwsgi_temp_path $dir/nginx/uwsgi;
	scgi_temp_path $dir/nginx/scgi;
	include $dir/site.conf;
}
END
	$self->{nginx_port} = $port;
	$self->run_server('nginx', 'nginx', '-p', "$dir/", '-e', 'stderr', '-c', "$dir/nginx.conf");
	$self->wait_answer('nginx', "http://127.0.0.1:$port/") or die "nginx does not come up\n";
	return;
}

# Starts a program whose output goes to a file.
sub run_server
{
	my ($self, $name, @command) = @_;
	my $log = "$self->{dir}/$name.log";
	my $pid = fork // die "fork: $!\n";

	if (!$pid)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $log;
		open STDERR, '>&', \*STDOUT;
		exec { $command[0] } @command or POSIX::_exit(127);    # no END block of the test may run here
	}
	$self->{pids}{$name} = $pid;
	return;
}

sub stop
{
	my ($self) = @_;

	for my $name ('nginx', 'postgrest')
	{
		my $pid = delete $self->{pids}{$name} or next;
		my $end = time + 10;

		kill 'TERM', $pid;
		while (waitpid($pid, POSIX::WNOHANG()) == 0)
		{
			kill 'KILL', $pid if time > $end;
			sleep 0.02;
		}
	}
	return;
}

# Makes PostgREST read the schema again, as after CREATE; the test waits for what it wants to see.
sub reload_schema
{
	my ($self) = @_;

	$self->{node}->safe_psql($self->{db}, q{NOTIFY pgrst, 'reload schema'});
	return;
}

sub log_text { return slurp("$_[0]{dir}/$_[1].log") }

# ---- who calls ----

# SQL as an operator who acts for an account; the last value.
sub sql_for
{
	my ($self, $account, $sql) = @_;
	my $out = $self->{node}->safe_psql($self->{db}, "BEGIN; SELECT portatext.act_as($account); $sql; COMMIT");

	return (split /\n/, $out)[-1];
}

# An account with a number, a price of 1 credit and that many credits; its id.
sub account
{
	my ($self, $name, $credits) = @_;
	my $node = $self->{node};
	my $id = $node->safe_psql($self->{db}, "SELECT portatext.create_account('$name', carrier => 'loopback')");

	$self->{accounts}++;
	$node->safe_psql($self->{db}, sprintf q{SELECT portatext.assign_did('+120255501%02d', %d)}, $self->{accounts}, $id);
	$node->safe_psql($self->{db}, "SELECT portatext.set_tariff('', 1) WHERE NOT EXISTS (SELECT FROM portatext.tariff)");
	$node->safe_psql($self->{db}, sprintf q{SELECT portatext.recharge(%d, 'test', %d)}, $credits // 1000, $id)
	  if $credits // 1;
	return $id;
}

# A key of that account, good from everywhere; arguments of create_api_key as SQL, by name.
sub key
{
	my ($self, $account, %arg) = @_;

	%arg = (name => q{'test'}, addresses => q{'{0.0.0.0/0,::/0}'}, %arg);
	return $self->sql_for($account,
		'SELECT portatext.create_api_key(' . join(', ', map { "$_ => $arg{$_}" } sort keys %arg) . ')');
}

# ---- the client ----

sub direct_url { return "http://127.0.0.1:$_[0]{port}" }
sub nginx_url { return "http://127.0.0.1:$_[0]{nginx_port}" }

# A request: method, path with query, and
#   key, session, jwt, basic ([user, password])   who asks
#   json (data), content and type (text)          what is sent
#   accept, headers (hash)                        further headers
#   via    direct (default): PostgREST; nginx: the same function or view through nginx;
#          sdk: a path of the SDKs through nginx
# The answer is that of HTTP::Tiny, with {json} if it is JSON.
sub request
{
	my ($self, $method, $path, %opt) = @_;
	my %headers = %{ $opt{headers} || {} };
	my $content = $opt{content};
	my $via = $opt{via} // 'direct';

	$path =~ s{^/}{};
	$headers{'X-Api-Key'} //= $opt{key} if defined $opt{key};
	$headers{'X-Session-Token'} //= $opt{session} if defined $opt{session};
	$headers{Authorization} //= "Bearer $opt{jwt}" if defined $opt{jwt};
	$headers{Authorization} //= 'Basic ' . base64(join ':', @{ $opt{basic} }) if $opt{basic};
	$headers{Accept} //= $opt{accept} // 'application/json';
	if (exists $opt{json})
	{
		$content = JSON::PP->new->utf8->allow_nonref->encode($opt{json});
		$headers{'Content-Type'} //= 'application/json';
	}
	$headers{'Content-Type'} //= $opt{type} // 'application/json' if defined $content || $via eq 'sdk';
	my $url = $via eq 'direct' ? $self->direct_url : $self->nginx_url . ($via eq 'nginx' ? '/api' : '');
	my $answer = $self->{http}->request($method, "$url/$path",
		{ headers => \%headers, defined $content ? (content => $content) : () });

	$answer->{json} = eval { JSON::PP->new->utf8->allow_nonref->decode($answer->{content}) }
	  if ($answer->{headers}{'content-type'} // '') =~ /json/;
	return $answer;
}

sub get { my ($self, @rest) = @_; return $self->request('GET', @rest) }
sub post { my ($self, @rest) = @_; return $self->request('POST', @rest) }
sub patch { my ($self, @rest) = @_; return $self->request('PATCH', @rest) }
sub put { my ($self, @rest) = @_; return $self->request('PUT', @rest) }
sub delete { my ($self, @rest) = @_; return $self->request('DELETE', @rest) }

sub base64
{
	require MIME::Base64;
	return MIME::Base64::encode_base64($_[0], '');
}

# A JWT (RFC 7519, HS256) with these claims, signed with the secret, by default PostgREST's.
sub jwt
{
	my ($claims, $secret) = @_;
	require Digest::SHA;
	my $signed = join '.', map { base64($_) =~ tr{+/=}{-_}dr } '{"alg":"HS256","typ":"JWT"}', encode_json($claims);

	return "$signed." . (Digest::SHA::hmac_sha256_base64($signed, $secret // $SECRET) =~ tr{+/=}{-_}dr);
}

END
{
	my $status = $?;

	$_->stop for grep { $_->{owner} == $$ } @all;
	$? = $status;
}

1;
