package io.emrguard.fs

import java.net.URI
import org.apache.hadoop.conf.Configuration

/** What the connector reads from Hadoop's configuration.
  *
  * Keys of our own begin with `fs.s3.emrguard.`; the others are EMRFS's, so that what a job sets for EMR works here.
  */
final case class Settings(
    endpoint: URI,
    region: String,
    blockSize: Long,
    partSize: Int,
    maxAttempts: Int,
    encryption: Seq[(String, String)],
    cannedAcl: Option[String])

object Settings {
  private val Mebibyte = 1024 * 1024
  private val MinimalPart = 5L * Mebibyte // S3 refuses smaller parts other than the last

  /** Reads the settings.
    *
    * @throws IllegalArgumentException the endpoint is not set
    */
  def read(conf: Configuration): Settings = {
    val endpoint = conf.getTrimmed("fs.s3.emrguard.endpoint", "")
    require(endpoint.nonEmpty, "fs.s3.emrguard.endpoint is not set: it is the URL of the local cloud")
    val partSize = conf.getLongBytes("fs.s3n.multipart.uploads.split.size", 16L * Mebibyte)
    Settings(
      endpoint = URI.create(endpoint),
      region = conf.getTrimmed("fs.s3.emrguard.region", "us-east-1"),
      blockSize = conf.getLongBytes("fs.s3.block.size", 128L * Mebibyte),
      partSize = math.max(MinimalPart, math.min(partSize, 512L * Mebibyte)).toInt,
      maxAttempts = 1 + conf.getInt("fs.s3.maxRetries", 4),
      encryption = encryption(conf),
      cannedAcl = Option(conf.getTrimmed("fs.s3.canned.acl")).map(acl))
  }

  /** Headers that ask for encryption at rest; none leaves it to the bucket's default. */
  private def encryption(conf: Configuration): Seq[(String, String)] =
    if (!conf.getBoolean("fs.s3.enableServerSideEncryption", false)) Nil
    else {
      val key = conf.getTrimmed("fs.s3.serverSideEncryption.kms.keyId", "")
      if (key.isEmpty) Seq("x-amz-server-side-encryption" -> "AES256")
      else
        Seq("x-amz-server-side-encryption" -> "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id" -> key)
    }

  /** `BucketOwnerFullControl` as EMRFS writes it, `bucket-owner-full-control` as S3 does. */
  private def acl(name: String): String = name.replaceAll("([a-z])([A-Z])", "$1-$2").toLowerCase
}
