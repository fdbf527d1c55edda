package io.emrguard.fs

import java.io.{FileNotFoundException, IOException}
import java.net.URI
import java.nio.file.AccessDeniedException
import java.util.EnumSet
import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs._
import org.apache.hadoop.fs.permission.FsPermission
import org.apache.hadoop.util.Progressable

/** A bucket of the local cloud as Hadoop file system for s3://, s3a:// and s3n://.
  *
  * Directories are prefixes: one exists when an object lies below it, or by an empty marker object `name/` that mkdirs
  * writes; markers stay when files come. As with EMRFS, no request is made for the parents of a path: a role that may use
  * one prefix only can work in it.
  */
final class S3FileSystem extends FileSystem {
  private var uri: URI = _
  private var settings: Settings = _
  private var client: S3Client = _
  private var workingDirectory: Path = _

  override def initialize(name: URI, conf: Configuration): Unit = {
    super.initialize(name, conf)
    setConf(conf)
    require(name.getAuthority != null, s"no bucket in $name")
    uri = URI.create(s"${name.getScheme}://${name.getAuthority}")
    settings = Settings.read(conf)
    client = new S3Client(settings, name.getScheme, name.getAuthority)
    workingDirectory = new Path("/")
  }

  override def getScheme: String = uri.getScheme
  override def getUri: URI = uri
  override def getCanonicalServiceName: String = null // no delegation tokens, no look-up of the bucket as a host
  override def getWorkingDirectory: Path = workingDirectory
  override def setWorkingDirectory(path: Path): Unit = workingDirectory = path
  override def getDefaultBlockSize: Long = settings.blockSize
  override def getDefaultBlockSize(path: Path): Long = settings.blockSize

  override def getFileStatus(path: Path): FileStatus = {
    val key = keyOf(path)
    val found = if (key.isEmpty) None else headOrList(key)
    found.map(fileStatus).getOrElse {
      if (key.nonEmpty && isEmptyPage(client.list(s"$key/", "/", None, 1)))
        throw new FileNotFoundException(s"No such file or directory: ${makeQualified(path)}")
      directoryStatus(path)
    }
  }

  override def listStatus(path: Path): Array[FileStatus] = {
    val key = keyOf(path)
    val prefix = directoryPrefix(key)
    val pages = client.pages(prefix, "/").toVector
    if (key.isEmpty || pages.exists(page => !isEmptyPage(page)))
      pages.flatMap { page =>
        page.objects.filter(_.key != prefix).map(fileStatus) ++
          page.prefixes.map(each => directoryStatus(new Path(uri.toString, s"/${each.stripSuffix("/")}")))
      }.toArray
    else {
      val file = headOrList(key)
      Array(fileStatus(file.getOrElse(
        throw new FileNotFoundException(s"No such file or directory: ${makeQualified(path)}"))))
    }
  }

  override def open(path: Path, bufferSize: Int): FSDataInputStream = {
    val status = getFileStatus(path)
    if (status.isDirectory) throw new FileNotFoundException(s"${makeQualified(path)} is a directory")
    val etag = status match { case own: S3FileStatus => own.etag }
    val source = S3Object(keyOf(path), status.getLen, status.getModificationTime, etag)
    if (statistics != null) statistics.incrementReadOps(1)
    new FSDataInputStream(new S3InputStream(client, source, statistics))
  }

  override def create(
      path: Path,
      permission: FsPermission,
      overwrite: Boolean,
      bufferSize: Int,
      replication: Short,
      blockSize: Long,
      progress: Progressable): FSDataOutputStream = {
    val key = keyOf(path)
    if (key.isEmpty) throw new IOException(s"cannot create a file at the root of the bucket: $uri")
    if (!overwrite && headOrList(key).isDefined)
      throw new FileAlreadyExistsException(s"${makeQualified(path)} already exists")
    if (statistics != null) statistics.incrementWriteOps(1)
    new FSDataOutputStream(new S3OutputStream(client, key, settings.partSize, overwrite, statistics), null)
  }

  override def createNonRecursive(
      path: Path,
      permission: FsPermission,
      flags: EnumSet[CreateFlag],
      bufferSize: Int,
      replication: Short,
      blockSize: Long,
      progress: Progressable): FSDataOutputStream =
    create(path, permission, flags.contains(CreateFlag.OVERWRITE), bufferSize, replication, blockSize, progress)

  override def append(path: Path, bufferSize: Int, progress: Progressable): FSDataOutputStream =
    throw new UnsupportedOperationException(s"${makeQualified(path)}: objects in S3 cannot be appended to")

  override def mkdirs(path: Path, permission: FsPermission): Boolean = {
    val key = keyOf(path)
    statusOf(path) match {
      case Some(status) if status.isFile => throw new FileAlreadyExistsException(s"${makeQualified(path)} is a file")
      case None => client.put(directoryPrefix(key), Array.emptyByteArray, replace = true)
      case _ =>
    }
    true
  }

  override def delete(path: Path, recursive: Boolean): Boolean = {
    val key = keyOf(path)
    if (key.isEmpty) throw new IOException(s"the root of the bucket cannot be deleted: $uri")
    statusOf(path) match {
      case None => false
      case Some(status) if status.isFile =>
        client.delete(key)
        true
      case _ =>
        val prefix = directoryPrefix(key)
        if (!recursive && client.list(prefix, "", None, 2).objects.exists(_.key != prefix))
          throw new PathIsNotEmptyDirectoryException(makeQualified(path).toString)
        client.deleteAll(client.listAll(prefix).map(_.key))
        true
    }
  }

  /** Copies, then deletes. As with S3A, a directory may take the place of an empty one, a file goes into a directory. */
  override def rename(from: Path, to: Path): Boolean = {
    val (source, target) = (keyOf(from), keyOf(to))
    if (source.isEmpty || s"$target/".startsWith(s"$source/")) return source.nonEmpty && source == target
    statusOf(from) match {
      case None => false
      case Some(status) if status.isFile => renameFile(source, to)
      case _ => renameDirectory(source, to)
    }
  }

  private def renameFile(source: String, to: Path): Boolean = {
    val destination = statusOf(to) match {
      case None => Some(to)
      case Some(status) if status.isFile => None
      case _ => Some(new Path(to, source.split('/').last)).filter(statusOf(_).isEmpty)
    }
    destination.foreach { each =>
      client.copy(source, keyOf(each))
      client.delete(source)
    }
    destination.isDefined
  }

  private def renameDirectory(source: String, to: Path): Boolean = {
    val (prefix, target) = (directoryPrefix(source), directoryPrefix(keyOf(to)))
    val isFree = statusOf(to).forall { status =>
      status.isDirectory && client.list(target, "", None, 2).objects.forall(_.key == target)
    }
    if (isFree) {
      val keys = client.listAll(prefix).map(_.key).toVector
      keys.foreach(key => client.copy(key, target + key.stripPrefix(prefix)))
      client.deleteAll(keys.iterator)
    }
    isFree
  }

  /** HEAD; where that is refused, the listing decides: S3 refuses HEAD of a missing object to a role that may list some
    * prefixes only, although the role may well create it.
    */
  private def headOrList(key: String): Option[S3Object] =
    try client.head(key)
    catch {
      case refused: AccessDeniedException =>
        val isThere =
          try client.list(key, "/", None, 1).objects.exists(_.key == key)
          catch { case _: AccessDeniedException => throw refused }
        if (isThere) throw refused
        None
    }

  private def statusOf(path: Path): Option[FileStatus] =
    try Some(getFileStatus(path))
    catch { case _: FileNotFoundException => None }

  private def isEmptyPage(page: Page): Boolean = page.objects.isEmpty && page.prefixes.isEmpty

  private def directoryPrefix(key: String): String = if (key.isEmpty) "" else s"$key/"

  private def keyOf(path: Path): String = {
    checkPath(path)
    makeQualified(path).toUri.getPath.stripPrefix("/")
  }

  private def fileStatus(each: S3Object): FileStatus =
    new S3FileStatus(each, settings.blockSize, new Path(uri.toString, s"/${each.key}"))

  private def directoryStatus(path: Path): FileStatus =
    new FileStatus(0, true, 1, settings.blockSize, 0, makeQualified(path))
}

/** A file's status with the ETag of the version that it describes. */
final class S3FileStatus(source: S3Object, blockSize: Long, path: Path)
    extends FileStatus(source.size, false, 1, blockSize, source.modified, path)
    with EtagSource {
  val etag: String = source.etag
  override def getEtag: String = etag
}
