/*
 * rest_table.c
 *	  The table of the SDKs' operations: one line each, or one for each of its forms.
 *	  No PostgreSQL header.
 *
 * A path stands on neighbouring lines, a literal path before one with a parameter
 * in its place.  Of several forms the first that fits is taken, so what comes first
 * is the answer to "Accept: * / *".  {id} is digits, {message_id} a UUID; other
 * parameters are any text.
 */
#include "api/rest_route.h"

#define NOTHING PT_REST_NOTHING
#define JSON PT_REST_JSON
#define CSV PT_REST_CSV
#define AUDIO PT_REST_AUDIO
#define ZIP PT_REST_FILE

const PtRestRoute pt_rest_routes[] = {
	{1, "POST", "login", NOTHING, JSON, "rest_login"},

	{2, "POST", "sms", JSON, JSON, "rest_sms_send"},
	{3, "GET", "sms", NOTHING, JSON, "rest_sms_list"},
	{4, "GET", "sms/{message_id}", NOTHING, JSON, "rest_sms"},

	{5, "GET", "simulate", NOTHING, JSON, "rest_simulate"},
	{6, "GET", "gsm_charset", NOTHING, JSON, "rest_gsm_charset"},

	{7, "GET", "templates", NOTHING, JSON, "rest_templates"},
	{9, "POST", "templates", JSON, JSON, "rest_template_create"},
	{8, "GET", "templates/{id}", NOTHING, JSON, "rest_template"},
	{10, "PUT", "templates/{id}", JSON, JSON, "rest_template_change"},
	{11, "DELETE", "templates/{id}", NOTHING, JSON, "rest_template_delete"},

	{12, "GET", "contacts", NOTHING, JSON, "rest_contacts"},
	{12, "GET", "contacts", NOTHING, CSV, "rest_contacts_csv"},
	{13, "PUT", "contacts", CSV, JSON, "rest_contacts_import"},
	{14, "GET", "contacts/{number}/variables", NOTHING, JSON, "rest_variables"},
	{15, "PUT", "contacts/{number}/variables", JSON, JSON, "rest_variables_set"},
	{16, "DELETE", "contacts/{number}/variables", NOTHING, JSON, "rest_variables_delete"},
	{17, "GET", "contacts/{number}/variables/{name}", NOTHING, JSON, "rest_variable"},
	{18, "PUT", "contacts/{number}/variables/{name}", JSON, JSON, "rest_variable_set"},
	{19, "DELETE", "contacts/{number}/variables/{name}", NOTHING, JSON, "rest_variable_delete"},

	{20, "GET", "contact_lists", NOTHING, JSON, "rest_contact_lists"},
	{21, "POST", "contact_lists", JSON, JSON, "rest_contact_list_create"},
	{22, "GET", "contact_lists/{id}", NOTHING, JSON, "rest_contact_list"},
	{23, "PUT", "contact_lists/{id}", JSON, JSON, "rest_contact_list_change"},
	{24, "DELETE", "contact_lists/{id}", NOTHING, JSON, "rest_contact_list_delete"},
	{25, "GET", "contact_lists/{id}/contacts", NOTHING, JSON, "rest_list_contacts"},
	{25, "GET", "contact_lists/{id}/contacts", NOTHING, CSV, "rest_list_contacts_csv"},
	{26, "PUT", "contact_lists/{id}/contacts", CSV, JSON, "rest_list_import"},
	{27, "PUT", "contact_lists/{id}/contacts/{number}", JSON, JSON, "rest_list_contact_set"},
	{28, "DELETE", "contact_lists/{id}/contacts/{number}", NOTHING, JSON, "rest_list_contact_remove"},

	{29, "GET", "blacklist", NOTHING, JSON, "rest_blacklist"},
	{33, "GET", "blacklist/contacts", NOTHING, CSV, "rest_blacklist_csv"},
	{33, "GET", "blacklist/contacts", NOTHING, JSON, "rest_blacklist"},
	{34, "PUT", "blacklist/contacts", CSV, JSON, "rest_blacklist_import"},
	{30, "GET", "blacklist/{number}", NOTHING, JSON, "rest_blacklist_check"},
	{31, "PUT", "blacklist/{number}", NOTHING, JSON, "rest_blacklist_add"},
	{32, "DELETE", "blacklist/{number}", NOTHING, JSON, "rest_blacklist_remove"},

	{35, "GET", "campaigns", NOTHING, JSON, "rest_campaigns"},
	{36, "POST", "campaigns", CSV, JSON, "rest_campaign_create_csv"},
	{36, "POST", "campaigns", JSON, JSON, "rest_campaign_create"},
	{37, "GET", "campaigns/{id}", NOTHING, JSON, "rest_campaign"},
	{38, "DELETE", "campaigns/{id}", NOTHING, JSON, "rest_campaign_delete"},
	{39, "GET", "campaigns/{id}/contacts", NOTHING, JSON, "rest_campaign_contacts"},
	{39, "GET", "campaigns/{id}/contacts", NOTHING, CSV, "rest_campaign_contacts_csv"},
	{40, "DELETE", "campaigns/{id}/contacts/{number}", NOTHING, JSON, "rest_campaign_contact_cancel"},
	{41, "POST", "campaigns/{id}/lifecycle", JSON, JSON, "rest_campaign_lifecycle"},

	{42, "POST", "calls", JSON, JSON, "rest_call_place"},
	{43, "GET", "calls", NOTHING, JSON, "rest_calls"},

	{44, "GET", "trunks", NOTHING, JSON, "rest_trunks"},
	{46, "POST", "trunks", JSON, JSON, "rest_trunk_create"},
	{45, "GET", "trunks/{id}", NOTHING, JSON, "rest_trunk"},
	{47, "PUT", "trunks/{id}", JSON, JSON, "rest_trunk_change"},
	{48, "DELETE", "trunks/{id}", NOTHING, JSON, "rest_trunk_delete"},

	{49, "GET", "sounds", NOTHING, JSON, "rest_sounds"},
	{51, "POST", "sounds", AUDIO, JSON, "rest_sound_create"},
	{50, "GET", "sounds/{id}", NOTHING, JSON, "rest_sound"},
	{50, "GET", "sounds/{id}", NOTHING, AUDIO, "rest_sound_audio"},
	{52, "PATCH", "sounds/{id}", AUDIO, JSON, "rest_sound_change"},
	{52, "PATCH", "sounds/{id}", NOTHING, JSON, "rest_sound_rename"},
	{53, "DELETE", "sounds/{id}", NOTHING, JSON, "rest_sound_delete"},

	{54, "GET", "sms_services", NOTHING, JSON, "rest_services"},
	{55, "GET", "sms_services/{id}", NOTHING, JSON, "rest_service"},
	{56, "GET", "sms_services/{id}/subscribers", NOTHING, JSON, "rest_subscribers"},
	{56, "GET", "sms_services/{id}/subscribers", NOTHING, CSV, "rest_subscribers_csv"},

	{57, "GET", "dids", NOTHING, JSON, "rest_dids"},
	{60, "GET", "dids/search", NOTHING, JSON, "rest_not_offered"},
	{58, "GET", "dids/{number}", NOTHING, JSON, "rest_did"},
	{59, "PATCH", "dids/{number}", JSON, JSON, "rest_did_change"},

	{61, "GET", "me", NOTHING, JSON, "rest_me"},
	{62, "PUT", "me", JSON, JSON, "rest_me_change"},
	{63, "PUT", "me/password", JSON, JSON, "rest_password_change"},
	{64, "POST", "me/password/reset", JSON, JSON, "rest_password_ask"},
	{65, "PUT", "me/password/reset/{nonce}", JSON, JSON, "rest_password_reset"},
	{66, "POST", "me/email_verify", NOTHING, JSON, "rest_email_ask"},
	{67, "PUT", "me/email_verify/{nonce}", NOTHING, JSON, "rest_email_verify"},
	{68, "GET", "me/settings", NOTHING, JSON, "rest_settings"},
	{69, "PATCH", "me/settings", JSON, JSON, "rest_settings_change"},

	{70, "GET", "acl", NOTHING, JSON, "rest_acl"},
	{71, "PUT", "acl", JSON, JSON, "rest_acl_set"},

	{73, "POST", "inspect", CSV, JSON, "rest_not_offered"},
	{72, "POST", "inspect/{number}", NOTHING, JSON, "rest_not_offered"},
	{75, "POST", "cnam", CSV, JSON, "rest_not_offered"},
	{74, "POST", "cnam/{number}", NOTHING, JSON, "rest_not_offered"},
	{76, "POST", "number_verify/{number}", JSON, JSON, "rest_not_offered"},
	{77, "GET", "number_verify/{number}", NOTHING, JSON, "rest_not_offered"},

	{78, "GET", "jobs", NOTHING, JSON, "rest_jobs"},
	{79, "GET", "jobs/{id}", NOTHING, JSON, "rest_job"},
	{80, "DELETE", "jobs/{id}", NOTHING, JSON, "rest_job_cancel"},
	{81, "GET", "jobs/{id}/result", NOTHING, ZIP, "rest_not_offered"},

	{82, "GET", "credit_cards", NOTHING, JSON, "rest_not_offered"},
	{83, "POST", "credit_cards", JSON, JSON, "rest_not_offered"},
	{84, "GET", "credit_cards/{id}", NOTHING, JSON, "rest_not_offered"},
	{85, "DELETE", "credit_cards/{id}", NOTHING, JSON, "rest_not_offered"},
	{86, "POST", "recharge", JSON, JSON, "rest_not_offered"},
	{87, "GET", "tariffs", NOTHING, JSON, "rest_tariffs"},
	{88, "GET", "tariffs/{country}", NOTHING, JSON, "rest_tariff"},
	{89, "GET", "plans", NOTHING, JSON, "rest_not_offered"},
	{90, "GET", "summary", NOTHING, JSON, "rest_summary"},
	{90, "GET", "summary", NOTHING, CSV, "rest_summary_csv"},

	{91, "GET", "timezones", NOTHING, JSON, "rest_timezones"},
	{92, "GET", "operators", NOTHING, JSON, "rest_operators"},
	{92, "GET", "operators", NOTHING, CSV, "rest_operators_csv"},
	{93, "GET", "destinations", NOTHING, JSON, "rest_destinations"},
	{93, "GET", "destinations", NOTHING, CSV, "rest_destinations_csv"},
	{94, "GET", "version", NOTHING, JSON, "rest_version"},
};

const int	pt_rest_n_routes = (int) (sizeof(pt_rest_routes) / sizeof(pt_rest_routes[0]));
