"""What the business says: tables, calendar, forecast, targets, plan. Imports nothing of ours."""
