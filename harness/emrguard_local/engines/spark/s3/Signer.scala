package io.emrguard.fs

import java.nio.charset.StandardCharsets.UTF_8
import java.security.MessageDigest
import java.time.{Instant, ZoneOffset}
import java.time.format.DateTimeFormatter
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec

/** AWS Signature Version 4 for S3 ("Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference). */
object Signer {
  private val Timestamp = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC)
  private val Digits = "0123456789abcdef"
  private val Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".toSet

  /** The headers to send: those given, and those that sign them.
    *
    * @param path encoded, and encoded only once, as S3 wants it
    * @param query names and values, not encoded
    * @param headers must hold `host`; `x-amz-*` and the rest are all signed
    */
  def sign(
      method: String,
      path: String,
      query: Seq[(String, String)],
      headers: Seq[(String, String)],
      payload: Array[Byte],
      credentials: Credentials,
      region: String,
      now: Instant): Seq[(String, String)] = {
    val time = Timestamp.format(now)
    val payloadHash = sha256(payload)
    val sent = headers ++ Seq(
      "x-amz-content-sha256" -> payloadHash,
      "x-amz-date" -> time,
      "x-amz-security-token" -> credentials.sessionToken)
    val signed = sent.map { case (name, value) => name.toLowerCase -> value.trim.replaceAll(" +", " ") }.sortBy(_._1)
    val names = signed.map(_._1).mkString(";")
    val canonical = Seq(
      method,
      path,
      encodedQuery(query),
      signed.map { case (name, value) => s"$name:$value\n" }.mkString,
      names,
      payloadHash).mkString("\n")
    val scope = s"${time.take(8)}/$region/s3/aws4_request"
    val toSign = Seq("AWS4-HMAC-SHA256", time, scope, sha256(canonical.getBytes(UTF_8))).mkString("\n")
    val key = scope.split('/').foldLeft(s"AWS4${credentials.secretAccessKey}".getBytes(UTF_8))(hmac)
    val signature = hex(hmac(key, toSign))
    sent :+ ("Authorization" ->
      s"AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/$scope, SignedHeaders=$names, Signature=$signature")
  }

  /** `name=value&…`, encoded and in the order in which it is signed. */
  def encodedQuery(query: Seq[(String, String)]): String =
    query
      .map { case (name, value) => (encode(name), encode(value)) }
      .sorted
      .map { case (name, value) => s"$name=$value" }
      .mkString("&")

  /** Percent-encodes all but RFC 3986's unreserved characters, and `/` where asked. */
  def encode(text: String, keepSlash: Boolean = false): String = {
    val encoded = new StringBuilder
    for (byte <- text.getBytes(UTF_8)) {
      val char = (byte & 0xff).toChar
      if (Unreserved(char) || keepSlash && char == '/') encoded.append(char)
      else encoded.append('%').append(hex(Array(byte)).toUpperCase)
    }
    encoded.toString
  }

  private def sha256(bytes: Array[Byte]): String = hex(MessageDigest.getInstance("SHA-256").digest(bytes))

  private def hmac(key: Array[Byte], text: String): Array[Byte] = {
    val mac = Mac.getInstance("HmacSHA256")
    mac.init(new SecretKeySpec(key, "HmacSHA256"))
    mac.doFinal(text.getBytes(UTF_8))
  }

  private def hex(bytes: Array[Byte]): String = {
    val text = new StringBuilder(2 * bytes.length)
    for (byte <- bytes) text.append(Digits((byte >> 4) & 0xf)).append(Digits(byte & 0xf))
    text.toString
  }
}
