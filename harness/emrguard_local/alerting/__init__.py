"""Alerts: EventBridge rules on CloudTrail's events, metric filters on a trail's log group, alarms, and their topics."""
