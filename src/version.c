/*
 * version.c
 *	  portatext.versions(): the components in use (GEN-06).
 */
#include "portatext.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <unicode/uversion.h>

#include "commands/extension.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#ifndef PORTATEXT_VERSION
#define PORTATEXT_VERSION "unknown"
#endif

/* Adds one row. */
static void
put_version(ReturnSetInfo *rsinfo, const char *component, const char *version)
{
	Datum		values[2] = {CStringGetTextDatum(component), CStringGetTextDatum(version)};
	bool		nulls[2] = {false, false};

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(pt_versions);

Datum
pt_versions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	UVersionInfo icu;
	char		icu_text[U_MAX_VERSION_STRING_LENGTH];

	InitMaterializedSRF(fcinfo, 0);
	u_getVersion(icu);
	u_versionToString(icu, icu_text);
	put_version(rsinfo, "portatext", PORTATEXT_VERSION);
	put_version(rsinfo, "PostgreSQL", PG_VERSION);
	put_version(rsinfo, "libcurl", curl_version_info(CURLVERSION_NOW)->version);
	put_version(rsinfo, "ICU", icu_text);
	put_version(rsinfo, "libmicrohttpd", MHD_get_version());
	return (Datum) 0;
}
