package io.emrguard.fs

import java.io.{IOException, OutputStream}
import org.apache.hadoop.fs.{FSExceptionMessages, FileSystem, StreamCapabilities}

/** Writes an object: by one PUT when it is closed, or in parts as soon as it is larger than one part. The object appears
  * as a whole or not at all.
  */
final class S3OutputStream(
    client: S3Client,
    key: String,
    partSize: Int,
    replace: Boolean,
    statistics: FileSystem.Statistics)
    extends OutputStream
    with StreamCapabilities {

  private var buffer = new Array[Byte](math.min(partSize, 64 * 1024))
  private var filled = 0
  private var uploadId: Option[String] = None
  private var parts = Vector.empty[Part]
  private var closed = false

  override def write(byte: Int): Unit = write(Array(byte.toByte), 0, 1)

  override def write(bytes: Array[Byte], offset: Int, length: Int): Unit = synchronized {
    if (closed) throw new IOException(FSExceptionMessages.STREAM_IS_CLOSED)
    var done = 0
    while (done < length) {
      if (filled == partSize) uploadBuffer()
      if (filled == buffer.length) buffer = java.util.Arrays.copyOf(buffer, math.min(partSize.toLong, 2L * filled).toInt)
      val count = math.min(length - done, buffer.length - filled)
      System.arraycopy(bytes, offset + done, buffer, filled, count)
      filled += count
      done += count
    }
    if (statistics != null) statistics.incrementBytesWritten(length)
  }

  override def close(): Unit = synchronized {
    if (!closed) {
      closed = true
      uploadId match {
        case None => client.put(key, java.util.Arrays.copyOf(buffer, filled), replace)
        case Some(id) => orAbort {
            uploadBuffer()
            client.completeUpload(key, id, parts, replace)
          }
      }
      buffer = Array.emptyByteArray
    }
  }

  override def hasCapability(capability: String): Boolean = false // hflush and hsync cannot be kept on S3

  private def uploadBuffer(): Unit = orAbort {
    if (uploadId.isEmpty) uploadId = Some(client.startUpload(key))
    parts :+= client.uploadPart(key, uploadId.get, parts.size + 1, java.util.Arrays.copyOf(buffer, filled))
    filled = 0
  }

  /** Parts that are never completed would be kept, and billed, for ever. */
  private def orAbort(work: => Unit): Unit =
    try work
    catch {
      case error: IOException =>
        closed = true
        for (id <- uploadId)
          try client.abortUpload(key, id)
          catch { case second: IOException => error.addSuppressed(second) }
        uploadId = None
        throw error
    }
}
