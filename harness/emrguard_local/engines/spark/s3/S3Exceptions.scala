package io.emrguard.fs

import java.io.{FileNotFoundException, IOException}
import java.nio.file.AccessDeniedException
import org.apache.hadoop.fs.FileAlreadyExistsException

/** An answer that is an error and that no other exception fits. */
final class S3Exception(val code: String, message: String) extends IOException(message)

object S3Exceptions {

  /** The exception that Hadoop's callers expect for an S3 error code; the message is the server's own. */
  def of(uri: String, status: Int, body: Array[Byte]): IOException = {
    val fields = Xml.leaves(body).toMap
    of(uri, status, fields.getOrElse("Code", s"Status$status"), fields.getOrElse("Message", s"HTTP status $status"))
  }

  def of(uri: String, status: Int, code: String, message: String): IOException = code match {
    case "NoSuchKey" | "NoSuchBucket" | "NoSuchUpload" => new FileNotFoundException(s"$uri: $message ($code)")
    case "PreconditionFailed" => new FileAlreadyExistsException(s"$uri: $message ($code)")
    case _ if status == 404 => new FileNotFoundException(s"$uri: $message ($code)")
    case _ if status == 403 || code == "AccessDenied" => new AccessDeniedException(uri, null, s"$message ($code)")
    case _ => new S3Exception(code, s"$uri: $message ($code)")
  }
}
