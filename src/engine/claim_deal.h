/* claim_deal.h - the last step of claim_list_init(), for claim.c alone. */
#ifndef ENGINE_CLAIM_DEAL_H
#define ENGINE_CLAIM_DEAL_H

#include "engine/claim.h"

/* Cut the jobs of a list that has no claims yet, and deal the claims. */
void claim_make_claims(struct claim_list *list, uint32_t workers);

#endif
