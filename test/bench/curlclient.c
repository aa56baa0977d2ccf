/*
 * curlclient.c
 *	  What libcurl alone can do against a server: the mark for the dispatcher, and
 *	  the load for the receiver.
 *
 *	curlclient [-H HEADER] [-d BODY] [-f FILE] [-w WARM_UP] URL REQUESTS CONCURRENCY
 *
 * CONCURRENCY handles, each used again as soon as its request has ended, over
 * kept-alive connections; libcurl's multi interface with curl_multi_socket_action
 * and epoll.  -H may come several times; with -d every request is a POST.  "{}" in
 * the URL, or in the body, stands for the request's number, seven digits at least, or
 * with -f for a line of FILE, each once.  Time begins when WARM_UP more
 * requests have ended and connections stand.  Prints "REQUESTS SECONDS", REQUESTS
 * being the timed ones; status 1 when any request failed.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 256
#define GIVE_UP_S 300

static CURLM *multi;
static int	epoll_fd;
static long timer_ms = -1;

/* A text in which a word changes from request to request. */
typedef struct Pattern
{
	const char *start;			/* up to the braces; NULL: no text */
	const char *rest;			/* behind them; NULL: there are none */
} Pattern;

static Pattern url;
static Pattern body;
static struct curl_slist *headers;
static FILE *lines;
static long warm_up;
static double begun;
static long wanted,
			started,
			ended,
			failed;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static size_t
discard(char *data, size_t size, size_t count, void *context)
{
	(void) data;
	(void) context;
	return size * count;
}

/* libcurl tells which sockets it wants watched. */
static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
	struct epoll_event event = {.data.fd = fd};

	(void) easy;
	(void) context;
	if (what == CURL_POLL_REMOVE)
	{
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	if (epoll_ctl(epoll_fd, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0)
		epoll_ctl(epoll_fd, known == NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
	curl_multi_assign(multi, fd, &epoll_fd);
	return 0;
}

static int
set_timer(CURLM *m, long ms, void *context)
{
	(void) m;
	(void) context;
	timer_ms = ms;
	return 0;
}

/* What stands for the braces this time. */
static void
next_word(char *word, size_t size)
{
	if (lines == NULL)
		snprintf(word, size, "%07ld", started);
	else if (fgets(word, (int) size, lines) != NULL)
		word[strcspn(word, "\n")] = '\0';
	else
		word[0] = '\0';
}

/* Splits a text at its braces. */
static Pattern
pattern_of(char *text)
{
	char	   *braces = strstr(text, "{}");
	Pattern		pattern = {text, NULL};

	if (braces != NULL)
	{
		*braces = '\0';
		pattern.rest = braces + 2;
	}
	return pattern;
}

/* The text with the word at its place. */
static void
fill(char *target, size_t size, const Pattern *pattern, const char *word)
{
	snprintf(target, size, "%s%s%s", pattern->start, pattern->rest != NULL ? word : "",
			 pattern->rest != NULL ? pattern->rest : "");
}

/* Starts the next request on this handle. */
static void
start_request(CURL *easy)
{
	char		target[4096];
	char		word[256] = "";

	started++;
	if (url.rest != NULL || body.rest != NULL)
		next_word(word, sizeof(word));
	if (body.start != NULL)
	{
		fill(target, sizeof(target), &body, word);
		curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, target);
	}
	fill(target, sizeof(target), &url, word);
	curl_easy_setopt(easy, CURLOPT_URL, target);
	curl_multi_add_handle(multi, easy);
}

static CURL *
new_handle(void)
{
	CURL	   *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10000L);
	if (headers != NULL)
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	return easy;
}

/* Counts what ended and starts the next in its place. */
static void
collect(void)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
	{
		CURL	   *easy = message->easy_handle;
		long		status = 0;

		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		if (message->data.result != CURLE_OK || status / 100 != 2)
			failed++;
		if (++ended == warm_up)
			begun = now();
		curl_multi_remove_handle(multi, easy);
		if (started < wanted)
			start_request(easy);
		else
			curl_easy_cleanup(easy);
	}
}

/* Waits for sockets or the timer and lets libcurl act on them. */
static void
turn(void)
{
	struct epoll_event events[MAX_EVENTS];
	int			n = epoll_wait(epoll_fd, events, MAX_EVENTS, timer_ms < 0 ? 1000 : (int) timer_ms);
	int			running;

	for (int i = 0; i < n; i++)
	{
		int			what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
			(events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			(events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

		curl_multi_socket_action(multi, events[i].data.fd, what, &running);
	}
	if (n == 0 || timer_ms == 0)
	{
		timer_ms = -1;
		curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	collect();
}

/* Takes the command line; false: it cannot be used. */
static bool
read_arguments(int argc, char **argv)
{
	int			option;

	while ((option = getopt(argc, argv, "H:d:f:w:")) != -1)
	{
		if (option == 'H')
			headers = curl_slist_append(headers, optarg);
		else if (option == 'd')
			body = pattern_of(optarg);
		else if (option == 'w')
			warm_up = atol(optarg);
		else if (option != 'f' || (lines = fopen(optarg, "r")) == NULL)
			return false;
	}
	if (optind != argc - 3)
		return false;
	url = pattern_of(argv[optind]);
	wanted = warm_up + atol(argv[optind + 1]);
	return true;
}

int
main(int argc, char **argv)
{
	double		give_up_at;
	long		concurrency;

	if (!read_arguments(argc, argv))
	{
		fprintf(stderr, "usage: curlclient [-H HEADER] [-d BODY] [-f FILE] [-w WARM_UP] URL REQUESTS CONCURRENCY\n");
		return 2;
	}
	concurrency = atol(argv[argc - 1]);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrency);

	begun = now();
	for (long i = 0; i < concurrency && started < wanted; i++)
		start_request(new_handle());
	give_up_at = begun + GIVE_UP_S;
	while (ended < wanted && now() < give_up_at)
		turn();
	printf("%ld %.3f\n", ended - warm_up, now() - begun);
	return failed == 0 && ended == wanted ? 0 : 1;
}
