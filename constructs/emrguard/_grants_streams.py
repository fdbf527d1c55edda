"""Grants on Kinesis streams and on topics of Amazon MSK."""

from __future__ import annotations

import re
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis

from emrguard import _actions, _key_policy
from emrguard._granting import GrantingRole
from emrguard._kept import unresolved
from emrguard.exceptions import ArgumentError

_CONSUMER = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_CLUSTER = re.compile(r"arn:aws[a-z-]*:kafka:[a-z0-9-]+:\d{12}:cluster/[A-Za-z0-9-]{1,64}/[a-f0-9-]+(?:-s?\d+)?")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_GROUPS = re.compile(r"[A-Za-z0-9._-]{2,}-")


class StreamGrants(GrantingRole):
    """The grants on streams and topics that an `ExecutionRole` has."""

    def grant_kinesis_read(self, stream: kinesis.IStream, consumer: str | None = None) -> iam.Grant:
        """Let streaming jobs read the records of one Kinesis stream, and decrypt them if it has a key of its own.

        The actions are those of the connector that emr-7.1.0 and later have.
        https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-spark-structured-streaming-kinesis.html
        https://docs.aws.amazon.com/streams/latest/dev/controlling-access.html

        In a VPC this needs the endpoint `kinesis-streams`.

        Args:
            stream: the stream.
            consumer: name of a consumer with enhanced fan-out that jobs register and subscribe, default none: jobs
                share the stream's throughput.

        Raises:
            ArgumentError: the consumer's name is none that Kinesis takes, or has a wildcard.
        """
        if consumer is not None and not unresolved(consumer) and not _CONSUMER.fullmatch(consumer):
            mend = "write the name of a consumer: up to 128 of A-Z, a-z, 0-9, _, - and ., no wildcard"
            raise ArgumentError(self.node.path, "consumer", consumer, mend)
        registering = _actions.REGISTER_CONSUMER if consumer is not None else ()
        grant = self._allow([*_actions.DESCRIBE_STREAM, *_actions.READ_STREAM, *registering], [stream.stream_arn])
        if consumer is not None:
            registered = self._allow_below(
                _actions.USE_CONSUMER,
                f"{stream.stream_arn}/consumer/{consumer}:*",
                f"The ARN of the consumer {consumer} ends with the time at which jobs register it",
            )
            grant = grant.combine(registered)
        return _key_policy.grant_through_if_any(grant, stream.encryption_key, self, _actions.DECRYPT, "kinesis")

    def grant_kinesis_write(self, stream: kinesis.IStream) -> iam.Grant:
        """Let streaming jobs put records into one Kinesis stream, and encrypt them if it has a key of its own.

        https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html

        In a VPC this needs the endpoint `kinesis-streams`.
        """
        grant = self._allow([*_actions.DESCRIBE_STREAM, *_actions.WRITE_STREAM], [stream.stream_arn])
        return _key_policy.grant_through_if_any(grant, stream.encryption_key, self, _actions.ENCRYPT, "kinesis")

    def grant_kafka_read(
        self, cluster_arn: str, topics: Sequence[str], group_prefix: str = "spark-kafka-"
    ) -> iam.Grant:
        """Let streaming jobs read topics of one Amazon MSK cluster that authenticates by IAM.

        https://docs.aws.amazon.com/msk/latest/developerguide/kafka-actions.html

        Jobs need a way to the brokers, port 9098, which an isolated network has not: make an MSK managed VPC connection
        in it, let the workers' security group reach that, and acknowledge the warning `emrguard:no-way-to-kafka`.
        https://docs.aws.amazon.com/msk/latest/developerguide/aws-access-mult-vpc.html

        Args:
            cluster_arn: ARN of the cluster, such as `CfnServerlessCluster.attr_arn` gives.
            topics: names of the topics.
            group_prefix: what the names of the jobs' consumer groups begin with, up to a dash; default `spark-kafka-`,
                with which Spark begins the groups that it makes. With `groupIdPrefix` a job chooses another one.

        Raises:
            ArgumentError: one of them has another form, or a wildcard.
        """
        topic_arns = self._topics(cluster_arn, topics)
        if not _GROUPS.fullmatch(group_prefix):
            mend = "write the beginning of the groups' names up to a dash, such as 'flights-', as plain text"
            raise ArgumentError(self.node.path, "group_prefix", group_prefix, mend)
        groups = self._allow_below(
            _actions.USE_CONSUMER_GROUP,
            _below(cluster_arn, "group", f"{group_prefix}*"),
            f"Spark makes a consumer group of its own for each query, all beginning with {group_prefix}",
        )
        cluster = self._allow(_actions.USE_KAFKA_CLUSTER, [cluster_arn])
        return cluster.combine(self._allow(_actions.READ_TOPIC, topic_arns)).combine(groups)

    def grant_kafka_write(self, cluster_arn: str, topics: Sequence[str]) -> iam.Grant:
        """Let streaming jobs write into topics of one Amazon MSK cluster, which must exist; see `grant_kafka_read`.

        Producers write idempotently by default, which is a right on the cluster.

        Args:
            cluster_arn: ARN of the cluster.
            topics: names of the topics.

        Raises:
            ArgumentError: one of them has another form, or a wildcard.
        """
        topic_arns = self._topics(cluster_arn, topics)
        cluster = self._allow([*_actions.USE_KAFKA_CLUSTER, *_actions.WRITE_IDEMPOTENTLY], [cluster_arn])
        return cluster.combine(self._allow(_actions.WRITE_TOPIC, topic_arns))

    def _topics(self, cluster_arn: str, topics: Sequence[str]) -> list[str]:
        path = self.node.path
        if not unresolved(cluster_arn) and not _CLUSTER.fullmatch(cluster_arn):
            mend = (
                "write arn:aws:kafka:<region>:<account>:cluster/<name>/<id>, or pass the ARN of a cluster's construct"
            )
            raise ArgumentError(path, "cluster_arn", cluster_arn, mend)
        if isinstance(topics, str) or not topics:
            raise ArgumentError(path, "topics", topics, "write a list of names such as ['departures']")
        for topic in topics:
            if not unresolved(topic) and not _TOPIC.fullmatch(topic):
                mend = "write the name of a topic: up to 249 of A-Z, a-z, 0-9, ., _ and -, no wildcard"
                raise ArgumentError(path, "topics", topic, mend)
        self._warn_of_network(
            "no-way-to-kafka",
            "the network of the jobs has no way to the brokers of a Kafka cluster: make an MSK managed VPC connection "
            "in it, let the workers' security group reach its port 9098",
        )
        return [_below(cluster_arn, "topic", topic) for topic in topics]


def _below(cluster_arn: str, kind: str, name: str) -> str:
    """The ARN of a topic or group of a cluster: `…:topic/<cluster>/<id>/<name>`."""
    if unresolved(cluster_arn):
        parts, names = cdk.Fn.split(":", cluster_arn), cdk.Fn.split("/", cluster_arn)
        region, account = cdk.Fn.select(3, parts), cdk.Fn.select(4, parts)
        cluster = f"{cdk.Fn.select(1, names)}/{cdk.Fn.select(2, names)}"
        return f"arn:{cdk.Aws.PARTITION}:kafka:{region}:{account}:{kind}/{cluster}/{name}"
    return f"{cluster_arn.replace(':cluster/', f':{kind}/')}/{name}"
