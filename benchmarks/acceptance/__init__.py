"""Every "done" line of every issue, run at full size: what was asked, what was measured, how to repeat it."""
