# portatext: an ordinary PGXS extension (make && make install, make installcheck),
# and the targets that set a whole machine up by themselves (make demo, make check).

# These work on a private copy of the tree and touch neither the objects here nor
# the system's PostgreSQL; missing Debian packages are installed.  They must run
# where PostgreSQL is not yet installed, so without PGXS.
MACHINE_TARGETS = check check-long demo demo-stop bench
ifneq ($(filter $(MACHINE_TARGETS),$(MAKECMDGOALS)),)
.PHONY: $(MACHINE_TARGETS)

# SUITES="unit regress" runs a part, V=1 names every test file.
check:
	@test/run

check-long:
	@CHECK_LONG=1 test/run

# KEEP=1 leaves the server running until make demo-stop.
demo:
	@test/demo/run start

demo-stop:
	@test/demo/run stop

bench:
	@test/bench/run

else
EXTENSION = portatext
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" portatext.control)
MODULE_big = portatext

# Files without a PostgreSQL header: built into the extension, and a second
# time for unit tests, fuzzers and sanitizers.
CORE = \
	src/access/client.c \
	src/access/right.c \
	src/api/directive.c \
	src/api/rest_json.c \
	src/api/rest_route.c \
	src/api/rest_table.c \
	src/carrier/adapter.c \
	src/carrier/choice.c \
	src/carrier/http.c \
	src/carrier/http_check.c \
	src/carrier/http_inbound.c \
	src/carrier/http_receipt.c \
	src/carrier/json.c \
	src/carrier/kannel.c \
	src/carrier/loopback.c \
	src/carrier/signature.c \
	src/carrier/signed.c \
	src/carrier/template.c \
	src/number/address.c \
	src/number/destination.c \
	src/number/imsi.c \
	src/number/operator_data.c \
	src/number/phonelib.cpp \
	src/number/plan.c \
	src/number/plan_data.c \
	src/number/read.c \
	src/number/zone_data.c \
	src/schedule/schedule.c \
	src/service/flow_text.c \
	src/service/keyword.c \
	src/service/waking.c \
	src/telephony/asterisk.c \
	src/telephony/asterisk_event.c \
	src/telephony/asterisk_flow.c \
	src/telephony/cause.c \
	src/telephony/contacted.c \
	src/telephony/engine.c \
	src/telephony/engine_http.c \
	src/telephony/engine_http_check.c \
	src/telephony/engine_http_event.c \
	src/telephony/engine_twiml.c \
	src/telephony/erlang.c \
	src/telephony/event_time.c \
	src/telephony/flow.c \
	src/telephony/flow_read.c \
	src/telephony/gateway.c \
	src/telephony/gateway_event.c \
	src/telephony/loopback_call.c \
	src/telephony/loopback_course.c \
	src/telephony/ner.c \
	src/telephony/pacing.c \
	src/telephony/pacing_ahead.c \
	src/telephony/pacing_budget.c \
	src/telephony/pacing_curve.c \
	src/telephony/pacing_name.c \
	src/telephony/pacing_state.c \
	src/telephony/sound_mp3.c \
	src/text/csv.c \
	src/text/gsm.c \
	src/text/gsm_code.c \
	src/text/gsm_table.c \
	src/text/json_read.c \
	src/text/parts.c \
	src/text/placeholder.c \
	src/text/transliterate.c \
	src/text/word.c \
	src/worker/http.c \
	src/worker/http_slot.c \
	src/worker/http_watch.c \
	src/worker/http_util.c \
	src/worker/receiver_json.c \
	src/worker/receiver_message.c \
	src/worker/receiver_parse.c \
	$(wildcard src/core/*.c)

# The rooms' SQL in dependency order; together they are the install script.  What
# it grants comes last, after grants.sql has taken every right away.
SQL_PARTS = \
	src/account/roles.sql \
	src/portatext.sql \
	src/text/text.sql \
	src/number/number.sql \
	src/number/operators.sql \
	src/account/account.sql \
	src/event/event.sql \
	src/billing/billing.sql \
	src/job/job.sql \
	src/schedule/schedule.sql \
	src/contact/contact.sql \
	src/contact/template.sql \
	src/contact/list.sql \
	src/contact/import.sql \
	src/contact/export.sql \
	src/carrier/carrier.sql \
	src/carrier/http_template.sql \
	src/carrier/route.sql \
	src/carrier/operator.sql \
	src/sms/sms.sql \
	src/sms/group.sql \
	src/sms/cost.sql \
	src/sms/waiting.sql \
	src/sms/receipt.sql \
	src/sms/inbound.sql \
	src/sms/inbound_part.sql \
	src/sms/settle.sql \
	src/sms/send.sql \
	src/sms/blacklist.sql \
	src/sms/blacklist_csv.sql \
	src/sms/forget.sql \
	src/sms/retention.sql \
	src/sms/did.sql \
	src/sms/failover.sql \
	src/sms/sender_health.sql \
	src/service/service.sql \
	src/service/short_code.sql \
	src/service/manage.sql \
	src/service/text.sql \
	src/service/subscriber.sql \
	src/service/notice.sql \
	src/service/review.sql \
	src/service/forget.sql \
	src/contact/forget.sql \
	src/campaign/campaign.sql \
	src/campaign/lifecycle.sql \
	src/campaign/progress.sql \
	src/campaign/report.sql \
	src/campaign/create.sql \
	src/campaign/preview.sql \
	src/campaign/cron.sql \
	src/telephony/telephony.sql \
	src/telephony/pacing.sql \
	src/telephony/engine.sql \
	src/telephony/rule.sql \
	src/telephony/flow.sql \
	src/telephony/amd.sql \
	src/telephony/trunk.sql \
	src/telephony/sound.sql \
	src/telephony/call_tariff.sql \
	src/telephony/agent.sql \
	src/telephony/call.sql \
	src/telephony/campaign_call.sql \
	src/telephony/live.sql \
	src/campaign/contacts.sql \
	src/telephony/explain.sql \
	src/telephony/place.sql \
	src/worker/worker.sql \
	src/worker/health.sql \
	src/access/access.sql \
	src/api/language.sql \
	src/access/user.sql \
	src/access/key.sql \
	src/access/authenticate.sql \
	src/access/api.sql \
	src/api/message.sql \
	src/api/number.sql \
	src/api/service.sql \
	src/api/contact.sql \
	src/api/campaign.sql \
	src/api/call.sql \
	src/api/account.sql \
	src/api/report.sql \
	src/api/data.sql \
	src/api/rest.sql \
	src/api/rest_message.sql \
	src/api/rest_service.sql \
	src/api/rest_contact.sql \
	src/api/rest_campaign.sql \
	src/api/rest_call.sql \
	src/api/rest_account.sql \
	src/api/rest_data.sql \
	src/account/grants.sql

SOURCES_C = $(sort $(wildcard src/*.c src/*/*.c))
SOURCES_CXX = $(sort $(wildcard src/*/*.cpp))
# Not named HEADERS: PGXS would install them, all in one folder.
HEADER_FILES = $(wildcard src/*.h src/*/*.h)
OBJS = $(SOURCES_C:.c=.o) $(SOURCES_CXX:.cpp=.o)

DATA_built = portatext--$(EXTVERSION).sql
DATA = $(wildcard sql/upgrade/portatext--*--*.sql)

# A file whose first line is "-- test build only" is for make check alone.
REGRESS = $(patsubst sql/%.sql,%,$(shell grep -L -m1 '^-- test build only' /dev/null $(sort $(wildcard sql/*.sql)) | grep sql/))
REGRESS_OPTS = --load-extension=portatext
EXTRA_CLEAN = $(DATA_built) results regression.diffs regression.out build

PG_CPPFLAGS = -Isrc -DPORTATEXT_VERSION=\"$(EXTVERSION)\" -DPORTATEXT_VERSION='"$(EXTVERSION)"' $(shell pkg-config --cflags icu-i18n libcrypto libmicrohttpd 2>/dev/null)
PG_CFLAGS = -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Wno-cast-function-type $(WERROR)
PG_CXXFLAGS = -std=c++17 -Wall -Wextra $(WERROR)
SHLIB_LINK = -lcrypto -lcsv -lcurl -licui18n -licuuc -lmicrohttpd -lphonenumber -lstdc++ $(SAN_LINK)
# Warnings are errors for the developers' targets; a packager's compiler may be newer.
WERROR =
ifdef PORTATEXT_TEST
PG_CPPFLAGS += -DPORTATEXT_TEST
WERROR = -Werror
endif
# Bitcode is for inlining into JIT plans; these functions gain nothing by it.
override with_llvm := no

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)


$(OBJS): $(HEADER_FILES) Makefile

$(DATA_built): $(SQL_PARTS) portatext.control
	{ printf '%s\n' '\echo Use "CREATE EXTENSION portatext" to load this file. \quit'; \
	  awk '/^GRANT / { granting = 1 } !granting { print } granting { grants = grants $$0 "\n" } \
	    granting && /;/ { granting = 0 } END { printf "\n-- Rights.\n\n%s", grants }' $(SQL_PARTS); } > $@.tmp && mv $@.tmp $@

# For test/lib/core.sh.
.PHONY: core-files
core-files:
	@echo $(CORE)

endif
