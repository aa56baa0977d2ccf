/*
 * contacted.c
 *	  The nine rules that say whether a target was contacted (TEL-20 to TEL-32), and
 *	  the words engines use for what answered.
 */
#include "telephony/contacted.h"

#include <stddef.h>
#include <strings.h>

static const char *const amd_names[] = {"", "HUMAN", "MACHINE", "NOTSURE", "HANGUP"};

/* What rules 1 to 9 decide. */
static const bool decisions[] = {false, false, true, true, false, false, false, true, false, true};

/* With AMD: rule 5 also when nothing was reported (TEL-31), since nothing was delivered. */
static int
rule_with_amd(const PtContact *contact)
{
	if (contact->amd == PT_AMD_NONE || contact->amd == PT_AMD_HANGUP)
		return 5;
	if (contact->subflow_empty)
		return 6;
	if (!contact->has_forward)
		return 7;
	return contact->leg_b ? 9 : 8;
}

int
pt_contacted_rule(const PtContact *contact)
{
	if (!contact->leg_a)
		return 1;
	if (contact->has_amd)
		return rule_with_amd(contact);
	if (!contact->has_forward)
		return 2;
	return contact->leg_b ? 3 : 4;
}

bool
pt_is_contacted(const PtContact *contact)
{
	return decisions[pt_contacted_rule(contact)];
}

const char *
pt_amd_name(PtAmdResult amd)
{
	return amd_names[amd];
}

/* Words of Asterisk (and portatext), Twilio and Bandwidth. */
static const struct
{
	const char *word;
	PtAmdResult amd;
}			words[] =
{
	{"human", PT_AMD_HUMAN},
	{"machine", PT_AMD_MACHINE},
	{"machine_start", PT_AMD_MACHINE},
	{"machine_end_beep", PT_AMD_MACHINE},
	{"machine_end_silence", PT_AMD_MACHINE},
	{"machine_end_other", PT_AMD_MACHINE},
	{"answering-machine", PT_AMD_MACHINE},
	{"fax", PT_AMD_MACHINE},
	{"notsure", PT_AMD_NOTSURE},
	{"unknown", PT_AMD_NOTSURE},
	{"silence", PT_AMD_NOTSURE},
	{"timeout", PT_AMD_NOTSURE},
	{"error", PT_AMD_NOTSURE},
	{"hangup", PT_AMD_HANGUP}
};

bool
pt_amd_find(const char *word, PtAmdResult *amd)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(word, words[i].word) == 0)
		{
			*amd = words[i].amd;
			return true;
		}
	return false;
}
