/*
 * asterisk_recorded.h
 *	  What the dialplan of docs/asterisk told of calls on a real Asterisk 22.10.1, whose
 *	  far ends were played by SIP programs; the call's id is a constant here.
 *
 * Expected are: leg and kind of the event, and of one of its legs the Q.850 cause, whether
 * it rang (-1: not known), the result, and what answering machine detection has said.
 */
#ifndef PORTATEXT_ASTERISK_RECORDED_H
#define PORTATEXT_ASTERISK_RECORDED_H

typedef struct Recorded
{
	const char *name;
	const char *body;
	char		leg;
	const char *kind;
	char		of;				/* the leg that is looked at */
	int			q850;
	int			alerted;
	const char *result;
	const char *amd;
} Recorded;

static const Recorded recorded[] = {
	{"486 after ringing",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406327.488&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=17&a_state=Ringing&a_source=peer&a_progress=1&a_ended=1795406327.487",
	'A', "ended", 'A', 17, 1, "BUSY", ""},
	{"486 at once",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406328.795&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=17&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406328.795",
	'A', "ended", 'A', 17, 0, "BUSY", ""},
	{"600 after ringing",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406330.925&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=17&a_state=Ringing&a_source=peer&a_progress=1&a_ended=1795406330.925",
	'A', "ended", 'A', 17, 1, "BUSY", ""},
	{"404",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406332.217&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=1&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406332.217",
	'A', "ended", 'A', 1, 0, "INVALID_NUMBER", ""},
	{"484",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406342.672&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=28&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406342.672",
	'A', "ended", 'A', 28, 0, "INVALID_NUMBER", ""},
	{"410",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406343.875&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=22&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406343.875",
	'A', "ended", 'A', 22, 0, "INVALID_NUMBER", ""},
	{"485",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406384.449&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=1&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406384.449",
	'A', "ended", 'A', 1, 0, "INVALID_NUMBER", ""},
	{"604",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406354.540&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=1&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406354.540",
	'A', "ended", 'A', 1, 0, "INVALID_NUMBER", ""},
	{"480 after ringing",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406334.328&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=19&a_state=Ringing&a_source=peer&a_progress=1&a_ended=1795406334.328",
	'A', "ended", 'A', 19, 1, "NO_ANSWER", ""},
	{"480 at once",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406335.640&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=19&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406335.640",
	'A', "ended", 'A', 19, 0, "UNAVAILABLE", ""},
	{"rings for ever, our own time-out",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406365.478&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=19&a_state=Ringing&a_source=own&a_progress=1&a_ended=1795406365.478",
	'A', "ended", 'A', 19, 1, "NO_ANSWER", ""},
	{"100 Trying for ever, our own time-out: the trunk is dead",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406371.701&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=19&a_state=Down&a_source=own&a_progress=0&a_ended=1795406371.701",
	'A', "ended", 'A', 18, 0, "TIMEOUT", ""},
	{"183 with early media, our own time-out",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406377.919&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=19&a_state=Down&a_source=own&a_progress=1&a_ended=1795406377.919",
	'A', "ended", 'A', 19, -1, "NO_ANSWER", ""},
	{"183 without media, our own time-out",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406384.133&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=19&a_state=Down&a_source=own&a_progress=1&a_ended=1795406384.133",
	'A', "ended", 'A', 19, -1, "NO_ANSWER", ""},
	{"nothing listens, 32 seconds",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406357.479&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=18&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406357.478",
	'A', "ended", 'A', 18, 0, "TIMEOUT", ""},
	{"408 at once",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406345.080&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=18&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406345.080",
	'A', "ended", 'A', 18, 0, "TIMEOUT", ""},
	{"408 after ringing",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406347.203&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=18&a_state=Ringing&a_source=peer&a_progress=1&a_ended=1795406347.203",
	'A', "ended", 'A', 18, 1, "NO_ANSWER", ""},
	{"603 after ringing: a person declined",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406338.948&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=21&a_state=Ringing&a_source=peer&a_progress=1&a_ended=1795406338.948",
	'A', "ended", 'A', 21, 1, "BUSY", ""},
	{"603 at once: the trunk refused",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406340.256&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=21&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406340.256",
	'A', "ended", 'A', 21, 0, "REJECTED", ""},
	{"403",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406341.464&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=21&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406341.464",
	'A', "ended", 'A', 21, 0, "REJECTED", ""},
	{"401",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406384.852&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=21&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406384.852",
	'A', "ended", 'A', 21, 0, "REJECTED", ""},
	{"407",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406385.055&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=21&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406385.055",
	'A', "ended", 'A', 21, 0, "REJECTED", ""},
	{"503",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406336.844&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=34&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406336.844",
	'A', "ended", 'A', 34, 0, "CONGESTION", ""},
	{"500",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406349.704&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=38&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406349.704",
	'A', "ended", 'A', 38, 0, "NO_ROUTE", ""},
	{"502",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406350.912&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=27&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406350.912",
	'A', "ended", 'A', 27, 0, "NO_ROUTE", ""},
	{"420",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406384.645&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=3&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406384.645",
	'A', "ended", 'A', 3, 0, "NO_ROUTE", ""},
	{"504",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406352.128&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=102&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406352.128",
	'A', "ended", 'A', 102, 0, "TIMEOUT", ""},
	{"483, which Asterisk makes 19",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406353.332&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=19&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406353.332",
	'A', "ended", 'A', 19, 0, "UNAVAILABLE", ""},
	{"501, which Asterisk makes 29",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406356.948&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=29&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406356.948",
	'A', "ended", 'A', 29, 0, "UNAVAILABLE", ""},
	{"488",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406348.500&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=58&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406348.500",
	'A', "ended", 'A', 58, 0, "INCOMPATIBLE", ""},
	{"606",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406355.745&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=58&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406355.745",
	'A', "ended", 'A', 58, 0, "INCOMPATIBLE", ""},
	{"415",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406358.152&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=127&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406358.152",
	'A', "ended", 'A', 127, 0, "INCOMPATIBLE", ""},
	{"400",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406359.360&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=127&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406359.359",
	'A', "ended", 'A', 127, 0, "INCOMPATIBLE", ""},
	{"media ports used up, no SIP was sent",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406433.602&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=0&a_state=Down&a_source=peer&a_progress=0&a_ended=1795406433.602",
	'A', "ended", 'A', 0, 0, "ENGINE_ERROR", ""},
	{"withdrawn while it rang",
		"call_id=" ID "&leg=A&seq=1&event=ended&at=1795406386.361&a_answered=&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Ringing&a_source=own&a_progress=1&a_ended=1795406386.361",
	'A', "ended", 'A', 16, 1, "NO_ANSWER", ""},
	{"answered, AMD: 0.6 s of speech",
		"call_id=" ID "&leg=A&seq=3&event=ended&at=1795406389.750&a_answered=1795406387.067&amd=HUMAN&amd_cause=HUMAN-800-800&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406389.750",
	'A', "ended", 'A', 16, 1, "ANSWER", "HUMAN"},
	{"answered, AMD: 4 s of speech",
		"call_id=" ID "&leg=A&seq=3&event=ended&at=1795406392.061&a_answered=1795406390.278&amd=MACHINE&amd_cause=LONGGREETING-1500-1500&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406392.061",
	'A', "ended", 'A', 16, 1, "ANSWER", "MACHINE"},
	{"answered, AMD: silence",
		"call_id=" ID "&leg=A&seq=3&event=ended&at=1795406395.264&a_answered=1795406392.685&amd=MACHINE&amd_cause=INITIALSILENCE-2500-2500&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406395.264",
	'A', "ended", 'A', 16, 1, "ANSWER", "MACHINE"},
	{"answered, AMD: no audio at all",
		"call_id=" ID "&leg=A&seq=3&event=ended&at=1795406400.946&a_answered=1795406395.908&amd=NOTSURE&amd_cause=TOOLONG-4900&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406400.946",
	'A', "ended", 'A', 16, 1, "ANSWER", "NOTSURE"},
	{"answered, gone before AMD has a verdict",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406402.242&a_answered=1795406401.540&amd=HANGUP&amd_cause=&digits="
		"&a_cause=0&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406402.242",
	'A', "ended", 'A', 0, 1, "ANSWER", "HANGUP"},
	{"answered, digits were gathered",
		"call_id=" ID "&leg=A&seq=3&event=ended&at=1795406432.574&a_answered=1795406430.679&amd=&amd_cause=&digits=12*7"
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406432.574",
	'A', "ended", 'A', 16, 1, "ANSWER", ""},
	{"the verdict as it falls",
		"call_id=" ID "&leg=A&seq=2&event=amd&at=1795406388.746&a_answered=1795406387.067&amd=HUMAN&amd_cause=HUMAN-800-800&digits=",
	'A', "amd", 'A', -1, 1, "ANSWER", "HUMAN"},
	{"the answer as it comes",
		"call_id=" ID "&leg=A&seq=1&event=answered&at=1795406387.067&a_answered=1795406387.067&amd=&amd_cause=&digits=",
	'A', "answered", 'A', -1, 1, "ANSWER", ""},
	{"leg B: 486 after ringing",
		"call_id=" ID "&leg=B&seq=2&event=ended&at=1795406403.956"
		"&b_to=%2B15550007&b_dialled=1795406402.950&b_timeout=3&b_rang=2&b_cause=17&b_state=Ringing&b_source=peer&b_progress=1&b_ended=1795406403.956",
	'B', "ended", 'B', 17, 1, "BUSY", ""},
	{"leg B: 486 after ringing, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406403.961&a_answered=1795406402.947&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406403.961"
		"&b_to=%2B15550007&b_dialled=1795406402.950&b_timeout=3&b_rang=2&b_cause=17&b_state=Ringing&b_source=peer&b_progress=1&b_ended=1795406403.956",
	'A', "ended", 'B', 17, 1, "BUSY", ""},
	{"leg B: 404",
		"call_id=" ID "&leg=B&seq=2&event=ended&at=1795406404.662"
		"&b_to=%2B15550007&b_dialled=1795406404.556&b_timeout=3&b_rang=&b_cause=1&b_state=Down&b_source=peer&b_progress=0&b_ended=1795406404.662",
	'B', "ended", 'B', 1, 0, "INVALID_NUMBER", ""},
	{"leg B: 404, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406404.665&a_answered=1795406404.554&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406404.665"
		"&b_to=%2B15550007&b_dialled=1795406404.556&b_timeout=3&b_rang=&b_cause=1&b_state=Down&b_source=peer&b_progress=0&b_ended=1795406404.662",
	'A', "ended", 'B', 1, 0, "INVALID_NUMBER", ""},
	{"leg B: 480 after ringing",
		"call_id=" ID "&leg=B&seq=2&event=ended&at=1795406406.368"
		"&b_to=%2B15550007&b_dialled=1795406405.362&b_timeout=3&b_rang=2&b_cause=19&b_state=Ringing&b_source=peer&b_progress=1&b_ended=1795406406.368",
	'B', "ended", 'B', 19, 1, "NO_ANSWER", ""},
	{"leg B: 480 after ringing, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406406.371&a_answered=1795406405.359&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406406.371"
		"&b_to=%2B15550007&b_dialled=1795406405.362&b_timeout=3&b_rang=2&b_cause=19&b_state=Ringing&b_source=peer&b_progress=1&b_ended=1795406406.368",
	'A', "ended", 'B', 19, 1, "NO_ANSWER", ""},
	{"leg B: 480 at once",
		"call_id=" ID "&leg=B&seq=2&event=ended&at=1795406407.087"
		"&b_to=%2B15550007&b_dialled=1795406406.968&b_timeout=3&b_rang=&b_cause=19&b_state=Down&b_source=peer&b_progress=0&b_ended=1795406407.087",
	'B', "ended", 'B', 19, 0, "UNAVAILABLE", ""},
	{"leg B: 480 at once, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406407.090&a_answered=1795406406.963&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406407.090"
		"&b_to=%2B15550007&b_dialled=1795406406.968&b_timeout=3&b_rang=&b_cause=19&b_state=Down&b_source=peer&b_progress=0&b_ended=1795406407.087",
	'A', "ended", 'B', 19, 0, "UNAVAILABLE", ""},
	{"leg B: 503",
		"call_id=" ID "&leg=B&seq=2&event=ended&at=1795406407.881"
		"&b_to=%2B15550007&b_dialled=1795406407.774&b_timeout=3&b_rang=&b_cause=34&b_state=Down&b_source=peer&b_progress=0&b_ended=1795406407.881",
	'B', "ended", 'B', 34, 0, "CONGESTION", ""},
	{"leg B: 503, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406407.884&a_answered=1795406407.771&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406407.884"
		"&b_to=%2B15550007&b_dialled=1795406407.774&b_timeout=3&b_rang=&b_cause=34&b_state=Down&b_source=peer&b_progress=0&b_ended=1795406407.881",
	'A', "ended", 'B', 34, 0, "CONGESTION", ""},
	{"leg B: 603 after ringing",
		"call_id=" ID "&leg=B&seq=2&event=ended&at=1795406409.609"
		"&b_to=%2B15550007&b_dialled=1795406408.588&b_timeout=3&b_rang=2&b_cause=21&b_state=Ringing&b_source=peer&b_progress=1&b_ended=1795406409.609",
	'B', "ended", 'B', 21, 1, "BUSY", ""},
	{"leg B: 603 after ringing, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406409.612&a_answered=1795406408.586&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406409.612"
		"&b_to=%2B15550007&b_dialled=1795406408.588&b_timeout=3&b_rang=2&b_cause=21&b_state=Ringing&b_source=peer&b_progress=1&b_ended=1795406409.609",
	'A', "ended", 'B', 21, 1, "BUSY", ""},
	{"leg B: rings for ever, our own time-out (Asterisk has no cause)",
		"call_id=" ID "&leg=B&seq=2&event=ended&at=1795406413.212"
		"&b_to=%2B15550007&b_dialled=1795406410.207&b_timeout=3&b_rang=2&b_cause=0&b_state=Ringing&b_source=own&b_progress=1&b_ended=1795406413.212",
	'B', "ended", 'B', 19, 1, "NO_ANSWER", ""},
	{"leg B: rings for ever, our own time-out (Asterisk has no cause), repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406413.215&a_answered=1795406410.204&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406413.215"
		"&b_to=%2B15550007&b_dialled=1795406410.207&b_timeout=3&b_rang=2&b_cause=0&b_state=Ringing&b_source=own&b_progress=1&b_ended=1795406413.212",
	'A', "ended", 'B', 19, 1, "NO_ANSWER", ""},
	{"leg B: 100 Trying for ever, our own time-out",
		"call_id=" ID "&leg=B&seq=2&event=ended&at=1795406416.824"
		"&b_to=%2B15550007&b_dialled=1795406413.818&b_timeout=3&b_rang=&b_cause=0&b_state=Down&b_source=own&b_progress=0&b_ended=1795406416.824",
	'B', "ended", 'B', 18, 0, "TIMEOUT", ""},
	{"leg B: 100 Trying for ever, our own time-out, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406416.826&a_answered=1795406413.815&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406416.826"
		"&b_to=%2B15550007&b_dialled=1795406413.818&b_timeout=3&b_rang=&b_cause=0&b_state=Down&b_source=own&b_progress=0&b_ended=1795406416.824",
	'A', "ended", 'B', 18, 0, "TIMEOUT", ""},
	{"leg B: 183, our own time-out",
		"call_id=" ID "&leg=B&seq=2&event=ended&at=1795406420.430"
		"&b_to=%2B15550007&b_dialled=1795406417.427&b_timeout=3&b_rang=&b_cause=0&b_state=Down&b_source=own&b_progress=1&b_ended=1795406420.430",
	'B', "ended", 'B', 19, -1, "NO_ANSWER", ""},
	{"leg B: 183, our own time-out, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406420.432&a_answered=1795406417.425&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406420.432"
		"&b_to=%2B15550007&b_dialled=1795406417.427&b_timeout=3&b_rang=&b_cause=0&b_state=Down&b_source=own&b_progress=1&b_ended=1795406420.430",
	'A', "ended", 'B', 19, -1, "NO_ANSWER", ""},
	{"leg B: answered, ended by leg B",
		"call_id=" ID "&leg=B&seq=3&event=ended&at=1795406422.253"
		"&b_to=%2B15550007&b_dialled=1795406421.043&b_timeout=3&b_answered=1795406421.549&b_rang=2&b_cause=16&b_state=Up&b_source=peer&b_progress=1&b_ended=1795406422.253",
	'B', "ended", 'B', 16, 1, "ANSWER", ""},
	{"leg B: answered, ended by leg B, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406422.301&a_answered=1795406421.041&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406422.301"
		"&b_to=%2B15550007&b_dialled=1795406421.043&b_timeout=3&b_answered=1795406421.549&b_rang=2&b_cause=16&b_state=Up&b_source=peer&b_progress=1&b_ended=1795406422.253",
	'A', "ended", 'B', 16, 1, "ANSWER", ""},
	{"leg B: answered, ended by leg A",
		"call_id=" ID "&leg=B&seq=3&event=ended&at=1795406425.853"
		"&b_to=%2B15550007&b_dialled=1795406422.852&b_timeout=3&b_answered=1795406423.357&b_rang=2&b_cause=16&b_state=Up&b_source=peer&b_progress=1&b_ended=1795406425.852",
	'B', "ended", 'B', 16, 1, "ANSWER", ""},
	{"leg B: answered, ended by leg A, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406425.852&a_answered=1795406422.849&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406425.852"
		"&b_to=%2B15550007&b_dialled=1795406422.852&b_timeout=3&b_answered=1795406423.357&b_rang=2&b_cause=16&b_state=Up&b_source=peer&b_progress=1&b_ended=1795406425.852",
	'A', "ended", 'B', 16, 1, "ANSWER", ""},
	{"leg B: rang, leg A has hung up",
		"call_id=" ID "&leg=B&seq=2&event=ended&at=1795406429.464"
		"&b_to=%2B15550007&b_dialled=1795406426.465&b_timeout=9&b_rang=2&b_cause=16&b_state=Ringing&b_source=own&b_progress=1&b_ended=1795406429.463",
	'B', "ended", 'B', 16, 1, "NO_ANSWER", ""},
	{"leg B: rang, leg A has hung up, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406429.467&a_answered=1795406426.463&amd=&amd_cause=&digits="
		"&a_cause=0&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406429.466"
		"&b_to=%2B15550007&b_dialled=1795406426.465&b_timeout=9&b_rang=2&b_cause=16&b_state=Ringing&b_source=own&b_progress=1&b_ended=1795406429.463",
	'A', "ended", 'B', 16, 1, "NO_ANSWER", ""},
	{"leg B: no such endpoint",
		"call_id=" ID "&leg=B&seq=2&event=ended&at=1795406430.079"
		"&b_to=nobody&b_dialled=1795406430.077&b_timeout=5&b_cause=3&b_state=Down&b_source=own&b_progress=0&b_ended=1795406430.079",
	'B', "ended", 'B', 3, 0, "NO_ROUTE", ""},
	{"leg B: no such endpoint, repeated by leg A",
		"call_id=" ID "&leg=A&seq=2&event=ended&at=1795406430.081&a_answered=1795406430.074&amd=&amd_cause=&digits="
		"&a_cause=16&a_state=Up&a_source=peer&a_progress=1&a_ended=1795406430.081"
		"&b_to=nobody&b_dialled=1795406430.077&b_timeout=5&b_cause=3&b_state=Down&b_source=own&b_progress=0&b_ended=1795406430.079",
	'A', "ended", 'B', 3, 0, "NO_ROUTE", ""},
};

#endif							/* PORTATEXT_ASTERISK_RECORDED_H */
