package io.emrguard.fs

import java.io.{EOFException, IOException}
import org.apache.hadoop.fs.{FSExceptionMessages, FSInputStream, FileSystem}

/** Reads an object by ranges that are held in memory. A small object is fetched at once; of a large one, the range grows
  * while reading goes on from where the last one ended, and is small again after a jump. Seeking costs nothing until the
  * next read.
  */
final class S3InputStream(client: S3Client, source: S3Object, statistics: FileSystem.Statistics) extends FSInputStream {
  import S3InputStream._

  private var position = 0L
  private var start = 0L
  private var block = Array.emptyByteArray
  private var window = SmallWindow
  private var closed = false

  override def seek(target: Long): Unit = synchronized {
    checkOpen()
    if (target < 0) throw new EOFException(FSExceptionMessages.NEGATIVE_SEEK)
    if (target > source.size) throw new EOFException(FSExceptionMessages.CANNOT_SEEK_PAST_EOF)
    position = target
  }

  override def getPos: Long = synchronized(position)

  override def seekToNewSource(target: Long): Boolean = false

  override def available(): Int = synchronized {
    checkOpen()
    if (isHeld) (start + block.length - position).toInt else 0
  }

  override def read(): Int = synchronized {
    val one = new Array[Byte](1)
    if (read(one, 0, 1) < 0) -1 else one(0) & 0xff
  }

  override def read(buffer: Array[Byte], offset: Int, length: Int): Int = synchronized {
    checkOpen()
    if (length == 0) return 0
    if (position >= source.size) return -1
    if (!isHeld) fetch(length)
    val from = (position - start).toInt
    val count = math.min(length, block.length - from)
    System.arraycopy(block, from, buffer, offset, count)
    position += count
    if (statistics != null) statistics.incrementBytesRead(count)
    count
  }

  override def close(): Unit = synchronized {
    closed = true
    block = Array.emptyByteArray
  }

  private def isHeld: Boolean = position >= start && position < start + block.length

  private def fetch(wanted: Int): Unit = {
    val isSequential = position == start + block.length
    window = if (isSequential) math.min(2 * window, LargeWindow) else SmallWindow
    start = if (source.size <= WholeObject) 0 else position
    val until = math.min(source.size, math.max(start + math.max(window, wanted), position + 1))
    block = Array.emptyByteArray // the old range is free before the new one is read
    block = client.get(source.key, start, if (source.size <= WholeObject) source.size else until, source.etag)
    if (!isHeld) throw new EOFException(s"${source.key} ends before its length of ${source.size} bytes")
  }

  private def checkOpen(): Unit = if (closed) throw new IOException(FSExceptionMessages.STREAM_IS_CLOSED)
}

object S3InputStream {
  private val WholeObject = 1024 * 1024
  private val SmallWindow = 512 * 1024
  private val LargeWindow = 8 * 1024 * 1024
}
