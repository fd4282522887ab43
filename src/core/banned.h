/*
 * banned.h - functions that invite overruns or hidden state are compile errors.
 *
 * Force-included into every file of ours by the build. System headers come first, so that
 * their own declarations are not hit. ctime is not here: libgit2 has a member of that name.
 */
#ifndef CORE_BANNED_H
#define CORE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison gmtime localtime asctime atoi atol atoll mktemp tmpnam system popen

#endif
