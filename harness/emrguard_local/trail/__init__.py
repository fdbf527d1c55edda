"""AWS CloudTrail: records of all calls, delivered as the trails in moto's CloudTrail say."""
