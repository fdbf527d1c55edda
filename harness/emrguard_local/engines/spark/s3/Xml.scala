package io.emrguard.fs

import java.io.ByteArrayInputStream
import java.nio.charset.StandardCharsets.UTF_8
import javax.xml.stream.{XMLInputFactory, XMLStreamConstants, XMLStreamException}

/** The little that is needed of XML. */
object Xml {
  private val factory = {
    val made = XMLInputFactory.newDefaultFactory()
    made.setProperty(XMLInputFactory.SUPPORT_DTD, false)
    made.setProperty(XMLInputFactory.IS_COALESCING, true)
    made
  }

  /** (name, text) of every element without children, in document order; an element with children is told by
    * (name, "") after them. Nothing for a body that is no XML, as proxies and crashed servers send it.
    */
  def leaves(body: Array[Byte]): Seq[(String, String)] = {
    val found = Vector.newBuilder[(String, String)]
    if (body.nonEmpty)
      try {
        val reader = factory.createXMLStreamReader(new ByteArrayInputStream(body))
        var text = ""
        while (reader.hasNext) reader.next() match {
          case XMLStreamConstants.START_ELEMENT => text = ""
          case XMLStreamConstants.CHARACTERS => text = reader.getText
          case XMLStreamConstants.END_ELEMENT =>
            found += reader.getLocalName -> text
            text = ""
          case _ =>
        }
      } catch { case _: XMLStreamException => return Nil }
    found.result()
  }

  /** `<name>content</name>`; the content is made by this method or by `escape`. */
  def element(name: String, content: String): String = s"<$name>$content</$name>"

  def escape(text: String): String =
    text.map {
      case '&' => "&amp;"
      case '<' => "&lt;"
      case '>' => "&gt;"
      case char if char < ' ' => s"&#${char.toInt};"
      case char => char.toString
    }.mkString

  def bytes(document: String): Array[Byte] = document.getBytes(UTF_8)
}
