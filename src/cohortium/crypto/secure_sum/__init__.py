"""Secure aggregation: the hub learns the sum of the sites' vectors modulo 2^64, and of no smaller group of sites.

Every pair of sites agrees on a mask that one adds and the other subtracts, so pairs cancel in the sum; a second mask of
each site's own stays until the survivors are settled. Shares of both secrets lie with all sites, so that the sum can be
finished without those who dropped out. Who may learn what, and why, is in ``docs/secure-aggregation.md``.

exchange   the hub sends                    a site answers
deal       which rounds                     signed fresh public keys for all of them
share      everybody's keys                 for every peer, encrypted: shares of its secrets of all these rounds
mask       a round; the first time, shares  its masked vector, and its signature should nobody drop out
confirm    who is left; only if not all     its signature that it was told so
unmask     who is left, and signatures      for each who is left, a share of the own mask; for the others, of the key

Deal and share serve several rounds, so that a warm round takes two exchanges, or three where a site dropped out.

Source : Bonawitz et al. 2017, Practical Secure Aggregation for Privacy-Preserving Machine Learning, CCS, figure 4, with
         the consistency check of the version against an active server; full graph.
"""

from cohortium.crypto.secure_sum.collector import Collector
from cohortium.crypto.secure_sum.in_process import InProcess, secure_total
from cohortium.crypto.secure_sum.member import Member
from cohortium.crypto.secure_sum.roster import Roster
from cohortium.crypto.secure_sum.tally import Tally

__all__ = ["Collector", "InProcess", "Member", "Roster", "Tally", "secure_total"]
