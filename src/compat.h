/*
 * compat.h
 *	  Every condition on the server's version: PostgreSQL 15 to 18.
 */
#ifndef PORTATEXT_COMPAT_H
#define PORTATEXT_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "portatext needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Stands before "extern"; PostgreSQL 18 has only this spelling. */
#ifndef pg_noreturn
#define pg_noreturn pg_attribute_noreturn()
#endif

/* The number of this process's PGPROC. */
#if PG_VERSION_NUM >= 170000
#define PT_MY_PROCNO MyProcNumber
#define PT_CREATE_WAIT_EVENT_SET(n) CreateWaitEventSet(NULL, (n))
#else
#define PT_MY_PROCNO (MyProc->pgprocno)
#define PT_CREATE_WAIT_EVENT_SET(n) CreateWaitEventSet(TopMemoryContext, (n))
#endif

/* Does the role own the database? */
#if PG_VERSION_NUM >= 160000
#define PT_OWNS_DATABASE(oid, role) object_ownercheck(DatabaseRelationId, (oid), (role))
#else
#define PT_OWNS_DATABASE(oid, role) pg_database_ownercheck((oid), (role))
#endif

/* May the caller call the function? */
#if PG_VERSION_NUM >= 160000
#define PT_MAY_EXECUTE(oid) (object_aclcheck(ProcedureRelationId, (oid), GetUserId(), ACL_EXECUTE) == ACLCHECK_OK)
#else
#define PT_MAY_EXECUTE(oid) (pg_proc_aclcheck((oid), GetUserId(), ACL_EXECUTE) == ACLCHECK_OK)
#endif

/* A qualified name as a list; raises 42602 when it is none. */
#include "utils/regproc.h"
#include "utils/varlena.h"
#if PG_VERSION_NUM >= 160000
#define pt_name_list(name) stringToQualifiedNameList((name), NULL)
#else
#define pt_name_list(name) stringToQualifiedNameList(name)
#endif

/* An entry of the workers' fixed settings, where the server has that setting. */
#if PG_VERSION_NUM >= 170000
#define PT_TRANSACTION_TIMEOUT_OFF {"transaction_timeout", "0"},
#else
#define PT_TRANSACTION_TIMEOUT_OFF
#endif

/* Adds a new row's entries to its table's indexes; raises when a unique one has the key already. */
#if PG_VERSION_NUM >= 160000
#define PT_INSERT_INDEX_TUPLES(result, slot, estate) \
	ExecInsertIndexTuples((result), (slot), (estate), false, false, NULL, NIL, false)
#else
#define PT_INSERT_INDEX_TUPLES(result, slot, estate) \
	ExecInsertIndexTuples((result), (slot), (estate), false, false, NULL, NIL)
#endif

/* A scan of a table by one of its indexes, to be given keys by index_rescan(). */
#if PG_VERSION_NUM >= 180000
#define PT_INDEX_BEGINSCAN(table, index, snapshot, nkeys) \
	index_beginscan((table), (index), (snapshot), NULL, (nkeys), 0)
#else
#define PT_INDEX_BEGINSCAN(table, index, snapshot, nkeys) \
	index_beginscan((table), (index), (snapshot), (nkeys), 0)
#endif

/* Memory contexts handed to callbacks, LWLock tranches etc. are the same on all. */

#endif							/* PORTATEXT_COMPAT_H */
