package io.emrguard.fs

import java.io.{FileNotFoundException, IOException}
import java.net.{HttpURLConnection, Proxy, URLDecoder}
import java.nio.file.AccessDeniedException
import java.security.MessageDigest
import java.time.{Instant, ZonedDateTime}
import java.time.format.DateTimeFormatter
import java.util.Base64
import org.slf4j.LoggerFactory
import scala.util.Random

/** An object as HEAD and listings tell of it; times in milliseconds since the epoch. */
final case class S3Object(key: String, size: Long, modified: Long, etag: String)

/** One page of a listing. */
final case class Page(objects: Seq[S3Object], prefixes: Seq[String], next: Option[String])

final case class Part(number: Int, etag: String)

/** The S3 operations that a file system needs: signed, path style, with retries. Thread-safe. */
final class S3Client(settings: Settings, scheme: String, bucket: String) {
  import S3Client._

  private case class Response(status: Int, header: String => Option[String], body: Array[Byte])

  /** The object's description; None where there is no such object.
    *
    * @throws AccessDeniedException with the server's message, which is asked for by GET since HEAD has no body
    */
  def head(key: String): Option[S3Object] = {
    val answer = send("HEAD", key)
    answer.status match {
      case 200 =>
        val modified = answer.header("Last-Modified").map(ZonedDateTime.parse(_, DateTimeFormatter.RFC_1123_DATE_TIME))
        Some(
          S3Object(
            key,
            answer.header("Content-Length").map(_.toLong).getOrElse(0L),
            modified.map(_.toInstant.toEpochMilli).getOrElse(0L),
            answer.header("ETag").getOrElse("")))
      case 404 => None
      case status =>
        val explained = send("GET", key, headers = Seq("Range" -> "bytes=0-0"))
        throw (
          if (explained.status >= 300) S3Exceptions.of(uri(key), status, explained.body)
          else S3Exceptions.of(uri(key), status, Array.emptyByteArray))
    }
  }

  /** Bytes `from` until `until` of the version that has the given ETag. */
  def get(key: String, from: Long, until: Long, etag: String): Array[Byte] = {
    val version = if (etag.isEmpty) Nil else Seq("If-Match" -> etag)
    val answer = send("GET", key, headers = Seq("Range" -> s"bytes=$from-${until - 1}") ++ version)
    if (answer.status == 412) throw new IOException(s"${uri(key)} has changed while it was read")
    checked(key, answer).body
  }

  def list(prefix: String, delimiter: String, token: Option[String], maxKeys: Int): Page = {
    val query = Seq("list-type" -> "2", "encoding-type" -> "url", "prefix" -> prefix, "max-keys" -> maxKeys.toString) ++
      (if (delimiter.isEmpty) Nil else Seq("delimiter" -> delimiter)) ++ token.map("continuation-token" -> _)
    parsePage(checked(prefix, send("GET", "", query)).body)
  }

  /** Every object whose key begins with the prefix, page by page as it is asked for. */
  def listAll(prefix: String): Iterator[S3Object] = pages(prefix, "").flatMap(_.objects.iterator)

  def pages(prefix: String, delimiter: String): Iterator[Page] = {
    val first = list(prefix, delimiter, None, PageSize)
    Iterator.iterate(Option(first))(_.flatMap(_.next).map(token => list(prefix, delimiter, Some(token), PageSize)))
      .takeWhile(_.isDefined)
      .flatten
  }

  /** Writes an object.
    *
    * @throws org.apache.hadoop.fs.FileAlreadyExistsException it is there already and must not be replaced
    */
  def put(key: String, body: Array[Byte], replace: Boolean): Unit =
    checked(key, send("PUT", key, headers = creation ++ condition(replace) ++ ContentType, body = body))

  def startUpload(key: String): String = {
    val answer = checked(key, send("POST", key, Seq("uploads" -> ""), creation ++ ContentType))
    Xml.leaves(answer.body).toMap.getOrElse("UploadId", throw new IOException(s"${uri(key)}: no UploadId in the answer"))
  }

  def uploadPart(key: String, uploadId: String, number: Int, body: Array[Byte]): Part = {
    val query = Seq("partNumber" -> number.toString, "uploadId" -> uploadId)
    val answer = checked(key, send("PUT", key, query, ContentType, body))
    Part(number, answer.header("ETag").getOrElse(throw new IOException(s"${uri(key)}: part $number has no ETag")))
  }

  def completeUpload(key: String, uploadId: String, parts: Seq[Part], replace: Boolean): Unit = {
    val items = parts.map { part =>
      Xml.element("Part", Xml.element("PartNumber", part.number.toString) + Xml.element("ETag", Xml.escape(part.etag)))
    }
    val body = Xml.bytes(Xml.element("CompleteMultipartUpload", items.mkString))
    checkedBody(key, send("POST", key, Seq("uploadId" -> uploadId), condition(replace) ++ XmlType, body))
  }

  def abortUpload(key: String, uploadId: String): Unit =
    checked(key, send("DELETE", key, Seq("uploadId" -> uploadId)))

  /** Copies within the bucket. */
  def copy(from: String, to: String): Unit = {
    val source = "x-amz-copy-source" -> Signer.encode(s"/$bucket/$from", keepSlash = true)
    checkedBody(to, send("PUT", to, headers = creation :+ source))
  }

  def delete(key: String): Unit = checked(key, send("DELETE", key))

  /** Deletes many objects, a thousand a request; the first refusal is thrown after its request is done. */
  def deleteAll(keys: Iterator[String]): Unit = keys.grouped(PageSize).foreach { group =>
    val items = group.map(key => Xml.element("Object", Xml.element("Key", Xml.escape(key))))
    val body = Xml.bytes(Xml.element("Delete", Xml.element("Quiet", "true") + items.mkString))
    val digest = Base64.getEncoder.encodeToString(MessageDigest.getInstance("MD5").digest(body))
    val answer = checked("", send("POST", "", Seq("delete" -> ""), XmlType :+ ("Content-MD5" -> digest), body))
    val leaves = Xml.leaves(answer.body)
    if (leaves.exists(_._1 == "Error")) {
      val error = leaves.takeWhile(_._1 != "Error").toMap
      val code = error.getOrElse("Code", "Unknown")
      throw S3Exceptions.of(uri(error.getOrElse("Key", "")), 200, code, error.getOrElse("Message", "not deleted"))
    }
  }

  private def creation: Seq[(String, String)] = settings.encryption ++ settings.cannedAcl.map("x-amz-acl" -> _)

  private def condition(replace: Boolean): Seq[(String, String)] = if (replace) Nil else Seq("If-None-Match" -> "*")

  private def uri(key: String): String = s"$scheme://$bucket/$key"

  private def checked(key: String, answer: Response): Response =
    if (answer.status < 300) answer else throw S3Exceptions.of(uri(key), answer.status, answer.body)

  /** S3 tells errors of copies and completions in the body of a 200, too. */
  private def checkedBody(key: String, answer: Response): Response = {
    val isError = checked(key, answer).status == 200 && Xml.leaves(answer.body).lastOption.exists(_._1 == "Error")
    if (isError) throw S3Exceptions.of(uri(key), answer.status, answer.body)
    answer
  }

  private def send(
      method: String,
      key: String,
      query: Seq[(String, String)] = Nil,
      headers: Seq[(String, String)] = Nil,
      body: Array[Byte] = Array.emptyByteArray): Response = {
    def attempt(number: Int, credentials: Credentials): Response = {
      val outcome =
        try Right(exchange(method, key, query, headers, body, credentials))
        catch { case error: IOException => Left(error) }
      val last = number >= settings.maxAttempts
      outcome match {
        case Right(answer) if answer.status >= 400 && Expired(codeOf(answer)) && !last =>
          attempt(number + 1, ContainerCredentials.renewed(credentials))
        case Right(answer) if last || !Transient(answer.status) => answer
        case Left(error) if last => throw new IOException(s"$method ${uri(key)} failed $number times: $error", error)
        case _ =>
          val reason = outcome.fold(_.toString, answer => s"HTTP status ${answer.status}")
          log.warn(s"$method ${uri(key)} failed ($reason), attempt $number of ${settings.maxAttempts}")
          Thread.sleep(math.min(MaxBackoffMillis, FirstBackoffMillis << (number - 1)) / 2 + Random.nextInt(100))
          attempt(number + 1, ContainerCredentials.get())
      }
    }
    attempt(1, ContainerCredentials.get())
  }

  private def codeOf(answer: Response): String = Xml.leaves(answer.body).toMap.getOrElse("Code", "")

  private def exchange(
      method: String,
      key: String,
      query: Seq[(String, String)],
      headers: Seq[(String, String)],
      body: Array[Byte],
      credentials: Credentials): Response = {
    val base = settings.endpoint
    val path = "/" + Signer.encode(if (key.isEmpty) bucket else s"$bucket/$key", keepSlash = true)
    val queryText = if (query.isEmpty) "" else "?" + Signer.encodedQuery(query)
    val all = ("host" -> base.getAuthority) +: headers
    val signed = Signer.sign(method, path, query, all, body, credentials, settings.region, Instant.now())
    val connection =
      base.resolve(path + queryText).toURL.openConnection(Proxy.NO_PROXY).asInstanceOf[HttpURLConnection]
    connection.setConnectTimeout(ConnectMillis)
    connection.setReadTimeout(ReadMillis)
    connection.setInstanceFollowRedirects(false)
    connection.setRequestMethod(method)
    connection.setRequestProperty("Accept", "*/*")
    connection.setRequestProperty("User-Agent", "emrguard-s3")
    for ((name, value) <- signed if name != "host") connection.setRequestProperty(name, value)
    if (method == "PUT" || method == "POST") {
      connection.setDoOutput(true)
      connection.setFixedLengthStreamingMode(body.length) // or the JDK repeats a failed POST on its own
      val out = connection.getOutputStream
      try out.write(body) finally out.close()
    }
    val status = connection.getResponseCode
    val stream = if (status >= 400) connection.getErrorStream else connection.getInputStream
    val answer = if (stream == null) Array.emptyByteArray else try stream.readAllBytes() finally stream.close()
    val expected = connection.getContentLengthLong
    if (method != "HEAD" && expected >= 0 && answer.length != expected)
      throw new IOException(s"the answer broke off after ${answer.length} of $expected bytes")
    Response(status, name => Option(connection.getHeaderField(name)), answer)
  }
}

object S3Client {
  private val log = LoggerFactory.getLogger("io.emrguard.fs.S3Client")
  private val PageSize = 1000
  private val ConnectMillis = 5000
  private val ReadMillis = 60000
  private val FirstBackoffMillis = 200L
  private val MaxBackoffMillis = 5000L
  private val Transient = Set(429, 500, 502, 503, 504)
  private val Expired = Set("ExpiredToken", "ExpiredTokenException")
  private val ContentType = Seq("Content-Type" -> "application/octet-stream")
  private val XmlType = Seq("Content-Type" -> "application/xml")

  private def parsePage(body: Array[Byte]): Page = {
    val objects = Vector.newBuilder[S3Object]
    val prefixes = Vector.newBuilder[String]
    var fields = Map.empty[String, String]
    for ((name, text) <- Xml.leaves(body)) name match {
      case "Contents" =>
        val modified = Instant.parse(fields("LastModified")).toEpochMilli
        objects += S3Object(decode(fields("Key")), fields("Size").toLong, modified, fields.getOrElse("ETag", ""))
      case "CommonPrefixes" => prefixes += decode(fields("Prefix"))
      case _ => fields += name -> text
    }
    Page(objects.result(), prefixes.result(), fields.get("NextContinuationToken").filter(_.nonEmpty))
  }

  private def decode(text: String): String = URLDecoder.decode(text, "UTF-8")
}
