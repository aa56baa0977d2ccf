/*
 * http_tls.c
 *	  The HTTP engine and certificates, against openssl s_server.
 *
 * Libraries: libcurl
 */
#define _GNU_SOURCE
#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "worker/http.h"

static PtHttpEngine *engine;
static PtHttpResult last;
static char problem[32];
static char dir[] = "/tmp/http_tls.XXXXXX";
static char ca_file[64];

static void
on_done(void *context, const PtHttpResult *result)
{
	last = *result;
	snprintf(problem, sizeof(problem), "%s", result->problem != NULL ? result->problem : "");
}

/* One request from start to end, at most 20 s. */
static void
ask(const char *host, int port, const char *ca)
{
	char		url[64];
	PtHttpRequest request = {.url = url,.ca_file = ca,.timeout_ms = 10000};
	time_t		limit = time(NULL) + 20;

	snprintf(url, sizeof(url), "https://%s:%d/", host, port);
	memset(&last, 0, sizeof(last));
	pt_http_start(engine, &request);
	while (pt_http_in_flight(engine) > 0 && time(NULL) < limit)
	{
		struct pollfd p = {.fd = pt_http_fd(engine),.events = POLLIN};
		long		ms = pt_http_timeout_ms(engine);

		poll(&p, 1, ms < 0 || ms > 1000 ? 1000 : (int) ms);
		pt_http_run(engine);
	}
}

/* A free port of 127.0.0.1. */
static int
free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t	len = sizeof(address);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0 ||
		getsockname(fd, (struct sockaddr *) &address, &len) != 0)
		exit(2);
	close(fd);
	return ntohs(address.sin_port);
}

/* Makes a certificate for 127.0.0.1 and starts the server; its process, or -1. */
static pid_t
start_server(int port)
{
	char		command[512];
	char		accept[32];
	pid_t		pid;

	snprintf(command, sizeof(command),
			 "cd %s && openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2"
			 " -subj /CN=test -addext subjectAltName=IP:127.0.0.1 2>/dev/null", dir);
	if (system(command) != 0)
		return -1;
	snprintf(accept, sizeof(accept), "127.0.0.1:%d", port);
	pid = fork();
	if (pid == 0)
	{
		if (chdir(dir) == 0)
			execlp("openssl", "openssl", "s_server", "-accept", accept, "-cert", "cert", "-key", "key",
				   "-www", "-quiet", (char *) NULL);
		_exit(1);
	}
	return pid;
}

/* Waits, at most 10 s, until somebody listens. */
static void
await_listener(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	address.sin_port = htons((uint16_t) port);
	for (int i = 0; i < 200; i++)
	{
		int			fd = socket(AF_INET, SOCK_STREAM, 0);
		int			result = connect(fd, (struct sockaddr *) &address, sizeof(address));

		close(fd);
		if (result == 0)
			return;
		usleep(50000);
	}
}

static void
test_certificates(int port)
{
	ask("127.0.0.1", port, NULL);
	ok(last.fate == PT_HTTP_NOT_SENT && strcmp(problem, "tls") == 0, "a certificate that nobody vouches for: not sent");
	ask("127.0.0.1", port, ca_file);
	ok(last.fate == PT_HTTP_ANSWERED && last.status == 200, "answered with the carrier's own CA file (%s)", problem);
	ask("127.0.0.1", port, NULL);
	ok(last.fate == PT_HTTP_NOT_SENT && strcmp(problem, "tls") == 0, "the CA file is of that request alone");
	ask("localhost", port, ca_file);
	ok(last.fate == PT_HTTP_NOT_SENT && strcmp(problem, "tls") == 0, "a certificate for another name: not sent");
	ask("127.0.0.1", port, "/nowhere/ca");
	ok(last.fate == PT_HTTP_NOT_SENT && strcmp(problem, "tls") == 0, "a CA file that is not there: not sent");
}

int
main(void)
{
	int			port = free_port();
	pid_t		server;

	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL)
		return 2;
	snprintf(ca_file, sizeof(ca_file), "%s/cert", dir);
	server = start_server(port);
	if (server < 0)
	{
		printf("1..0 # SKIP openssl is not installed\n");
		rmdir(dir);
		return 0;
	}
	await_listener(port);
	engine = pt_http_create(4, on_done, NULL);
	test_certificates(port);
	pt_http_destroy(engine);
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	unlink(ca_file);
	snprintf(ca_file, sizeof(ca_file), "%s/key", dir);
	unlink(ca_file);
	rmdir(dir);
	return tap_done();
}
