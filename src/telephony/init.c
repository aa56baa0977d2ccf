/*
 * init.c
 *	  Set-up of the telephony room at module start.
 */
#include "telephony/telephony.h"

void
pt_telephony_init(void)
{
}
