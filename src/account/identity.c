/*
 * identity.c
 *	  Who is speaking: the caller's account (design: docs/architecture.md).
 *
 * In this order: the setting portatext.account_id, the map of login roles, and
 * for superusers and operators only the default account.  The setting can be
 * changed by superusers and by act_as() alone; any value that is no account
 * leads to no account, never further down this list.
 */
#include "account/account.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "cache.h"

#define SETTING "portatext.account_id"

char	   *pt_account_setting = NULL;

static bool is_worker = false;
static PtCache role_cache = {.tables = {"account_role"}};
static PtCache default_cache = {.tables = {"account"}};

void
pt_account_init(void)
{
	DefineCustomStringVariable(SETTING,
							   "The account that this transaction acts for.",
							   "Set it transaction-locally, or use portatext.act_as(). "
							   "Anything that is not the number of an account, also an empty text, means no account.",
							   &pt_account_setting, NULL,
							   PGC_SUSET, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
}

void
pt_mark_worker(void)
{
	is_worker = true;
}

bool
pt_is_worker(void)
{
	return is_worker;
}

/* The setting as a number; 0 for what is none. */
static int64
account_in_setting(void)
{
	char	   *end;
	long		value;

	errno = 0;
	value = strtol(pt_account_setting, &end, 10);
	if (errno != 0 || end == pt_account_setting || *end != '\0' || value <= 0)
		return 0;
	return value;
}

/* First column of the plan's first row, or 0; read past row-level security. */
static int64
look_up(PtPlan *plan, Datum value)
{
	PtRole		saved;
	int64		found = 0;
	bool		isnull;

	SPI_connect();
	pt_become_keeper(&saved);
	if (pt_plan_read(plan, &value, NULL) > 0)
		found = DatumGetInt64(pt_result(0, 1, &isnull));
	pt_become_caller(&saved);
	SPI_finish();
	return found;
}

/* The account that the login role speaks for, or 0; the last answers are kept. */
static int64
account_of_role(Oid role)
{
	static PtPlan plan = {
		"SELECT account_id FROM portatext.account_role WHERE role_name OPERATOR(pg_catalog.=) $1",
		1, {NAMEOID}
	};
	static struct
	{
		Oid			role;
		int64		account_id;
	}			kept[2];
	static int	next = 0;
	NameData	name;

	if (!pt_cache_fresh(&role_cache))
	{
		pt_cache_begin(&role_cache);
		memset(kept, 0, sizeof(kept));
		pt_cache_loaded(&role_cache);
	}
	for (int i = 0; i < lengthof(kept); i++)
	{
		if (kept[i].role == role)
			return kept[i].account_id;
	}
	namestrcpy(&name, GetUserNameFromId(role, false));
	kept[next].role = InvalidOid;
	kept[next].account_id = look_up(&plan, NameGetDatum(&name));
	kept[next].role = role;
	next = 1 - next;
	return kept[1 - next].account_id;
}

/* The default account, or 0 when there is none yet. */
static int64
default_account(void)
{
	static PtPlan plan = {
		"SELECT account_id FROM portatext.account WHERE is_default",
		0, {0}
	};
	static int64 kept = 0;

	if (!pt_cache_fresh(&default_cache))
	{
		pt_cache_begin(&default_cache);
		kept = 0;
		pt_cache_loaded(&default_cache);
	}
	if (kept == 0)
		kept = look_up(&plan, (Datum) 0);
	return kept;
}

/* The account of whoever logged in; a superuser may speak as a role by SET ROLE. */
static int64
account_of_session(void)
{
	Oid			session = GetSessionUserId();
	Oid			outer = GetOuterUserId();
	int64		found = 0;

	if (outer != session && superuser_arg(session))
		found = account_of_role(outer);
	if (found == 0)
		found = account_of_role(session);
	return found;
}

bool
pt_is_operator(void)
{
	Oid			outer = GetOuterUserId();
	Oid			operators = get_role_oid("portatext_operator", true);

	if (InSecurityRestrictedOperation())
		return false;			/* a stored query: its owner counts, not who runs it */
	return superuser_arg(outer) ||
		(OidIsValid(operators) && has_privs_of_role(outer, operators));
}

int64
pt_known_account(void)
{
	int64		found;

	if (pt_account_setting != NULL)
		return account_in_setting();
	if (is_worker)
		return 0;
	found = account_of_session();
	if (found == 0 && pt_is_operator())
		found = default_account();
	return found;
}

/* Makes the sandbox account and says which it is. */
static int64
make_sandbox(void)
{
	static PtPlan plan = {
		"SELECT portatext.make_default_account()",
		0, {0}
	};
	PtRole		saved;
	int64		made;
	bool		isnull;

	PreventCommandIfReadOnly("the first use of portatext");
	PreventCommandIfParallelMode("the first use of portatext");
	SPI_connect();
	pt_become_keeper(&saved);
	pt_plan_run_latest(&plan, NULL, NULL, SPI_OK_SELECT);
	made = DatumGetInt64(pt_result(0, 1, &isnull));
	pt_become_caller(&saved);
	SPI_finish();
	return made;
}

int64
pt_current_account(void)
{
	int64		found = pt_known_account();

	if (found != 0)
		return found;
	if (pt_account_setting == NULL && !is_worker && pt_is_operator())
		return make_sandbox();
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("role \"%s\" speaks for no account",
					GetUserNameFromId(GetSessionUserId(), true)),
			 pt_account_setting != NULL
			 ? errdetail("The setting %s is \"%s\", which is no account.", SETTING, pt_account_setting) : 0,
			 errhint("An operator can give it one with SELECT portatext.grant_account('role', account_id).")));
}

bool
pt_sees_all(void)
{
	if (InSecurityRestrictedOperation())
		return false;			/* a stored query, which may have reset the setting */
	return pt_account_setting == NULL && (is_worker || pt_is_operator());
}

void
pt_require_all(const char *what)
{
	if (!pt_sees_all())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s on behalf of one account", what),
				 errhint("RESET %s as an operator.", SETTING)));
}

PG_FUNCTION_INFO_V1(pt_current_account_sql);

/* portatext.current_account() */
Datum
pt_current_account_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(pt_current_account());
}

PG_FUNCTION_INFO_V1(pt_known_account_sql);

/* portatext.known_account() */
Datum
pt_known_account_sql(PG_FUNCTION_ARGS)
{
	int64		found = pt_known_account();

	if (found == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT64(found);
}

PG_FUNCTION_INFO_V1(pt_sees_all_sql);

/* portatext.sees_all() */
Datum
pt_sees_all_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(pt_sees_all());
}

PG_FUNCTION_INFO_V1(pt_is_operator_sql);

/* portatext.is_operator() */
Datum
pt_is_operator_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(pt_is_operator());
}

PG_FUNCTION_INFO_V1(pt_act_as);

/* portatext.act_as(bigint): sets the account until the transaction's end; null takes it back. */
Datum
pt_act_as(PG_FUNCTION_ARGS)
{
	char		value[32];

	if (!pt_is_operator())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only an operator may act for another account")));
	if (!PG_ARGISNULL(0))
	{
		pt_account_get(PG_GETARG_INT64(0));
		snprintf(value, sizeof(value), INT64_FORMAT, PG_GETARG_INT64(0));
	}
	(void) set_config_option(SETTING, PG_ARGISNULL(0) ? NULL : value,
							 PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	PG_RETURN_VOID();
}
