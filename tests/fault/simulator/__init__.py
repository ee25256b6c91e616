"""The messaging rules as processes under a random scheduler, judged by an oracle. See README.md."""
